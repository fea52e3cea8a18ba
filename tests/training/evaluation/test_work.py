from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.contract.errors import ConfigurationError
from services.local.stack import ROOT
from services.media.encode import PictureWriter
from training.evaluation.networks import Networks
from training.evaluation.work import Work


class Client:
    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []

    def film(self, fields: dict[str, Any], path: Path, first: bytes | None = None) -> None:
        self.made.append(fields)
        with PictureWriter(path, 32, 32, 16) as writer:
            writer.write(np.full((2, 48, 32), 128, np.uint8))


def work(folder: Path, client: Client) -> Work:
    return Work(folder, Networks.of(ROOT), lambda: client, 0, lambda _line: None)  # type: ignore[arg-type, return-value]


def test_a_film_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    client = Client()
    for _ in range(2):
        assert work(tmp_path, client).film("text", 5, {"prompt": "a ball"}).frames.shape == (2, 32, 32, 3)
    assert len(client.made) == 1
    assert work(tmp_path, client).has("text", 5)
    assert not work(tmp_path, client).has("text", 6)


def test_arrays_are_kept_too(tmp_path: Path) -> None:
    calls: list[int] = []

    def make() -> dict[str, Any]:
        calls.append(1)
        return {"frames": np.arange(3)}

    for _ in range(2):
        assert work(tmp_path, Client()).made("edit", 7, make)["frames"].tolist() == [0, 1, 2]
    assert len(calls) == 1


def test_what_fails_the_check_is_not_kept(tmp_path: Path) -> None:
    def fail() -> None:
        raise ConfigurationError("replaced")

    strict = replace(work(tmp_path, Client()), check=fail)
    with pytest.raises(ConfigurationError, match="replaced"):
        strict.film("text", 5, {"prompt": "a ball"})
    with pytest.raises(ConfigurationError, match="replaced"):
        strict.made("edit", 5, lambda: {"frames": np.arange(3)})
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_belongs_to_its_weights_orders_and_seed(tmp_path: Path) -> None:
    mine = work(tmp_path, Client())
    mine.claim("abcd")
    mine.claim("abcd")
    with pytest.raises(ConfigurationError, match="other weights, orders or seeds"):
        replace(mine, seed=1).claim("abcd")
    with pytest.raises(ConfigurationError, match="other weights, orders or seeds"):
        mine.claim("dcba")


def test_seeds_do_not_overlap(tmp_path: Path) -> None:
    mine = work(tmp_path, Client())
    assert not set(mine.scene_seeds(1000)) & set(replace(mine, seed=1).scene_seeds(1000))
