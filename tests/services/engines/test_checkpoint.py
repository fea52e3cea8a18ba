from pathlib import Path

import pytest
import torch
from torch import nn

from services.contract.errors import ConfigurationError
from services.engines import checkpoint


def test_float32_is_kept_as_float16_and_comes_back_as_float32(tmp_path: Path) -> None:
    state = {"weight": torch.tensor([1 / 3, -2.0]), "count": torch.tensor([7])}
    checkpoint.save(state, tmp_path)
    read = checkpoint.read(tmp_path)
    assert read["weight"].dtype == torch.float32
    assert torch.equal(read["weight"], state["weight"].half().float())
    assert torch.equal(read["count"], state["count"])


def test_a_checkpoint_is_split_where_a_file_would_be_too_large(tmp_path: Path) -> None:
    state = {name: torch.full((10,), float(ord(name))) for name in "abcde"}
    paths = checkpoint.save(state, tmp_path, shard_bytes=45)
    assert [path.name for path in paths] == [
        f"weights-0000{number}-of-00003.safetensors" for number in (1, 2, 3)
    ]
    assert checkpoint.files(tmp_path) == paths
    assert {name: value.tolist() for name, value in checkpoint.read(tmp_path).items()} == {
        name: value.tolist() for name, value in state.items()
    }


def test_a_new_checkpoint_takes_the_place_of_a_longer_one(tmp_path: Path) -> None:
    checkpoint.save({name: torch.ones(10) for name in "abc"}, tmp_path, shard_bytes=20)
    paths = checkpoint.save({"d": torch.ones(2)}, tmp_path)
    assert list(tmp_path.iterdir()) == paths
    assert list(checkpoint.read(tmp_path)) == ["d"]


def test_places_are_where_the_bytes_lie(tmp_path: Path) -> None:
    state = {name: torch.randn(3, 5) for name in "abc"}
    checkpoint.save(state, tmp_path, shard_bytes=60)
    places = checkpoint.places(tmp_path)
    assert places["a"].file != places["c"].file
    for name, place in places.items():
        data = (tmp_path / place.file).read_bytes()[place.offset : place.offset + place.length]
        assert data == state[name].half().numpy().tobytes()


@pytest.mark.parametrize("value", [7e4, float("nan"), float("inf")])
def test_what_does_not_fit_float16_is_refused_and_nothing_is_lost(tmp_path: Path, value: float) -> None:
    checkpoint.save({"a": torch.ones(2)}, tmp_path)
    with pytest.raises(ConfigurationError, match="weight b does not fit float16"):
        checkpoint.save({"b": torch.tensor([value])}, tmp_path)
    assert list(checkpoint.read(tmp_path)) == ["a"]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="none"):
        checkpoint.read(tmp_path)
    first, *_ = checkpoint.save({name: torch.ones(10) for name in "abc"}, tmp_path, shard_bytes=20)
    first.unlink()
    with pytest.raises(ConfigurationError, match="00002-of-00003"):
        checkpoint.read(tmp_path)


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (path,) = checkpoint.save({"a": torch.ones(100)}, tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ConfigurationError, match="weights-00001-of-00001"):
        checkpoint.read(tmp_path)


def test_load_gives_a_network_its_weights(tmp_path: Path) -> None:
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    (path,) = checkpoint.save(source.state_dict(), tmp_path)
    for place in (tmp_path, path):
        checkpoint.load(target, place)
        assert torch.equal(target.weight, source.weight.half().float())


@pytest.mark.parametrize(
    "other", [nn.Linear(3, 2, bias=False), nn.Linear(4, 2), nn.Sequential(nn.Linear(3, 2))]
)
def test_load_is_strict(tmp_path: Path, other: nn.Module) -> None:
    checkpoint.save(nn.Linear(3, 2).state_dict(), tmp_path)
    with pytest.raises(ConfigurationError, match="weight"):
        checkpoint.load(other, tmp_path)
