import pytest
import torch
from torch import Tensor

from services.contract.layout import COLUMNS, SLOTS
from services.engines.export import randomize
from services.families.moviegen.layout_transformer import LayoutTransformer, LayoutTransformerParams

PARAMS = LayoutTransformerParams(width=32, layers=2, heads=2, hidden=48, text_width=8, max_frames=6)


def inputs(frames: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {
        "layout": torch.randn(2, SLOTS, frames, COLUMNS, generator=generator),
        "known": torch.randn(2, SLOTS, frames, COLUMNS + 1, generator=generator),
        "aspect": torch.tensor([16 / 9, 1.0]),
        "timestep": torch.tensor([0.3, 0.8]),
        "task": torch.tensor([0, 3]),
        "text": torch.randn(2, 5, 8, generator=generator),
        "text_mask": torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1]]),
    }


def network() -> LayoutTransformer:
    torch.manual_seed(0)
    made = LayoutTransformer(PARAMS)
    randomize(made, seed=2, scale=0.05)
    return made.eval()


@pytest.mark.parametrize("frames", [1, 6])
def test_velocity_has_the_shape_of_the_layout(frames: int) -> None:
    given = inputs(frames)
    assert network()(**given).shape == given["layout"].shape


def test_a_fresh_network_goes_to_zero() -> None:
    given = inputs()
    torch.manual_seed(0)
    velocity = LayoutTransformer(PARAMS)(**given)
    left = 1 - given["timestep"][:, None, None, None]
    torch.testing.assert_close(given["layout"] + left * velocity, torch.zeros_like(velocity))


@pytest.mark.parametrize("name", ["layout", "known", "aspect", "timestep", "text"])
@torch.no_grad()
def test_each_input_counts(name: str) -> None:
    made, given = network(), inputs()
    # The projection of text takes no notice of its size.
    other = given | {name: given[name].flip(-1) if name == "text" else given[name] * 0.7}
    assert (made(**given) - made(**other)).abs().max() > 1e-4


@torch.no_grad()
def test_the_task_counts() -> None:
    made, given = network(), inputs()
    changed = (made(**given) - made(**given | {"task": torch.tensor([0, 1])})).abs().amax((1, 2, 3))
    assert changed[0] == 0
    assert changed[1] > 1e-4


@torch.no_grad()
def test_pads_do_not_change_the_velocity() -> None:
    made, given = network(), inputs()
    text = given["text"].clone()
    text[0, 3:] = 9.0
    torch.testing.assert_close(made(**given), made(**given | {"text": text}))


@torch.no_grad()
def test_things_and_latent_frames_know_their_places() -> None:
    made, given = network(), inputs()
    for dim in (1, 2):
        turned = made(**given | {"layout": given["layout"].flip(dim)}).flip(dim)
        assert (turned - made(**given)).abs().max() > 1e-3
