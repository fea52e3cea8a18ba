from collections.abc import Callable
from dataclasses import replace
from shutil import which

import pytest
import torch
from torch import Tensor, nn

from services.families.moviegen.audio_transformer import AudioTransformer, AudioTransformerParams

SameGradients = Callable[[nn.Module, nn.Module, dict[str, Tensor]], None]

PARAMS = AudioTransformerParams(
    width=48, layers=2, heads=4, hidden=64, text_width=20, visual_width=12, latent_channels=6, max_latents=40
)


def network() -> AudioTransformer:
    """A network past its first update: nothing that starts at zero is zero."""
    torch.manual_seed(0)
    module = AudioTransformer(PARAMS).eval()
    torch.nn.init.normal_(module.velocity.project.weight)
    torch.nn.init.normal_(module.modulation.project.weight, std=0.1)
    return module


def inputs(batch: int, latents: int, tokens: int = 5) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {
        "latents": torch.randn(batch, 6, latents),
        "context": torch.randn(batch, 7, latents),
        "visual": torch.randn(batch, latents, 12),
        "timestep": torch.rand(batch),
        "text": torch.randn(batch, tokens, 20),
        "text_mask": torch.ones(batch, tokens),
    }


@pytest.mark.parametrize(("batch", "latents"), [(1, 1), (3, 7), (1, 40)])
@torch.no_grad()
def test_velocity_has_the_shape_of_the_latents(batch: int, latents: int) -> None:
    velocity = network()(**inputs(batch, latents))
    assert velocity.shape == (batch, 6, latents)
    assert velocity.isfinite().all()


@torch.no_grad()
def test_fresh_network_takes_away_the_latents() -> None:
    given = inputs(1, 4)
    torch.testing.assert_close(AudioTransformer(PARAMS)(**given), -given["latents"])


@torch.no_grad()
def test_pads_do_not_change_the_velocity() -> None:
    given, module = inputs(2, 6), network()
    padded = given | {
        "text": torch.cat([given["text"], 9.0 * torch.randn(2, 4, 20)], dim=1),
        "text_mask": torch.cat([given["text_mask"], torch.zeros(2, 4)], dim=1),
    }
    torch.testing.assert_close(module(**padded), module(**given))


@pytest.mark.parametrize("name", ["latents", "context", "visual", "timestep", "text"])
@torch.no_grad()
def test_each_input_counts(name: str) -> None:
    given, module = inputs(1, 6), network()
    changed = given | {name: given[name] / 2 if name == "timestep" else -given[name]}
    assert not torch.allclose(module(**given), module(**changed), atol=1e-3)


@torch.no_grad()
def test_what_is_seen_belongs_to_its_moment() -> None:
    given, module = inputs(1, 6), network()
    visual = given["visual"].clone()
    visual[:, 2] += 3.0
    change = (module(**given | {"visual": visual}) - module(**given)).abs().mean(dim=1)[0]
    assert change.argmax() == 2


@torch.no_grad()
def test_a_glance_begins_as_what_is_seen_and_then_reaches_two_latents() -> None:
    torch.manual_seed(0)
    module = AudioTransformer(replace(PARAMS, glances=1)).eval()
    visual = torch.randn(1, 9, 12)
    torch.testing.assert_close(module.glance(visual), module.visual(visual))
    for weight in module.glances.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    changed = visual.clone()
    changed[:, 4] += 3.0
    moved = (module.glance(changed) - module.glance(visual)).abs().mean(dim=2)[0]
    assert (moved > 1e-4).nonzero().flatten().tolist() == [2, 3, 4, 5, 6]


@torch.no_grad()
def test_too_long_a_sound_is_refused() -> None:
    with pytest.raises(RuntimeError, match="must match"):
        network()(**inputs(1, PARAMS.max_latents + 1))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(which("g++") is None, reason="blocks are compiled with g++")
def test_compiled_blocks_have_the_gradients_of_plain_ones(assert_same_gradients: SameGradients) -> None:
    plain, compiled = network(), network()
    for block in compiled.blocks:
        block.compile(dynamic=True)
    assert_same_gradients(compiled, plain, inputs(2, 12))
