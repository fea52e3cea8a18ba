from pathlib import Path

import pytest
import torch

from services.contract.errors import ConfigurationError
from services.engines import checkpoint
from services.families.moviegen import casts
from training import lineage, ship
from training.lineage import Record
from training.recipes.files import write_weights

NETWORK = "audio_encoder"


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with weights, beside a repository of its own."""
    monkeypatch.setattr(ship, "REPOSITORY", tmp_path / "model_repo")
    monkeypatch.setattr(lineage, "SHIPPED", tmp_path / "shipped.jsonl")
    folder = tmp_path / "work"
    folder.mkdir()
    torch.manual_seed(0)
    write_weights(folder / f"{NETWORK}.safetensors", casts.build("moviegen-mini", NETWORK).state_dict())
    return folder


def test_weights_go_to_the_repository_with_their_records(work: Path) -> None:
    weights = lineage.weights_in(work)[NETWORK]
    first, second = Record(NETWORK, "a", by_hand="somehow"), Record(NETWORK, weights, "a")
    lineage.add(work / lineage.NAME, [first, second, Record("upsampler", "b")])
    lineage.add(lineage.SHIPPED, [first])
    ship.ship(work, [NETWORK])
    folder = ship.REPOSITORY / NETWORK / "1"
    assert lineage.digest(checkpoint.read(folder)) == weights
    assert (folder / "model.onnx").stat().st_size > 0
    assert lineage.read(lineage.SHIPPED) == [first, second]


def test_weights_of_which_nothing_is_said_are_not_shipped(work: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not say how audio_encoder"):
        ship.ship(work, [NETWORK])
    assert not ship.REPOSITORY.exists()
    assert not lineage.SHIPPED.exists()


def test_what_was_made_by_hand_is_said_to_be(work: Path) -> None:
    ship.main([str(work), NETWORK, "--by-hand", "drawn at random"])
    (record,) = lineage.read(lineage.SHIPPED)
    assert record.by_hand == "drawn at random"
    assert record.weights == lineage.weights_in(work)[NETWORK]
