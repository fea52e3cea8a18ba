from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from services.contract.errors import ConfigurationError
from services.families.moviegen import casts
from training import extend
from training.recipes.files import read_weights, write_weights

NETWORK = "video_transformer"
Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def whole() -> Weights:
    torch.manual_seed(7)
    return casts.build("moviegen-mini", NETWORK).state_dict()


def older(state: Weights) -> Weights:
    return {name: value for name, value in state.items() if not name.startswith("character.")}


def test_a_checkpoint_gets_what_it_lacks_and_keeps_what_it_has(whole: Weights, tmp_path: Path) -> None:
    file = tmp_path / f"{NETWORK}.safetensors"
    write_weights(file, older(whole))
    network = casts.build("moviegen-mini", NETWORK)
    with pytest.raises(RuntimeError, match="character"):
        read_weights(file, network)
    extend.main([str(file)])
    read_weights(file, network)
    found = load_file(file)
    assert all(torch.equal(found[name], value.half()) for name, value in older(whole).items())
    assert found["character.project.project.weight"].any()
    once = file.read_bytes()
    extend.main([str(file)])
    assert file.read_bytes() == once


def test_what_is_new_is_always_the_same_and_leaves_chance_alone() -> None:
    before = torch.get_rng_state()
    one, two = extend.fresh(NETWORK), extend.fresh(NETWORK)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_parts_are_taken_from_another_checkpoint(whole: Weights, tmp_path: Path) -> None:
    file, other = tmp_path / f"{NETWORK}.safetensors", tmp_path / "other.safetensors"
    changed = {name: value + 1.0 for name, value in whole.items()}
    write_weights(file, older(whole))
    write_weights(other, changed)
    extend.main([str(file), "--from", str(other)])
    found = load_file(file)
    for name, value in found.items():
        wanted = changed if name.startswith("character.") else whole
        assert torch.equal(value, wanted[name].half())


@pytest.mark.parametrize("wrong", ["half a part", "a missing one", "one too many", "another shape"])
def test_what_does_not_fit_is_refused(wrong: str, whole: Weights) -> None:
    state = dict(whole) if wrong == "half a part" else older(whole)
    match wrong:
        case "half a part":
            del state["character.row"]
        case "a missing one":
            del state["velocity.bias"]
        case "one too many":
            state["extra"] = torch.zeros(1)
        case _:
            state["velocity.bias"] = torch.zeros(3)
    with pytest.raises(ConfigurationError, match=r"character\.row|velocity\.bias|extra"):
        extend.extended(NETWORK, state, whole)


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="named after"):
        extend.main([str(tmp_path / "weights.safetensors")])
