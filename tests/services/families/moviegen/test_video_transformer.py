from collections.abc import Callable
from dataclasses import replace
from shutil import which

import pytest
import torch
from torch import Tensor, nn

from services.families.moviegen.character_encoder import CharacterParams
from services.families.moviegen.refining import RefinerParams
from services.families.moviegen.video_transformer import CHARACTER, VideoTransformer, VideoTransformerParams

SameGradients = Callable[[nn.Module, nn.Module, dict[str, Tensor]], None]

PARAMS = VideoTransformerParams(width=48, layers=2, heads=4, hidden=64, text_width=20)
SEEING = replace(PARAMS, character=CharacterParams(side=4, width=16, layers=1, heads=2, hidden=32))


def network(params: VideoTransformerParams = PARAMS) -> VideoTransformer:
    """A network past its first update: nothing that starts at zero is zero, but the condition's weights."""
    torch.manual_seed(0)
    module = VideoTransformer(params).eval()
    torch.nn.init.normal_(module.velocity.project.weight)
    torch.nn.init.normal_(module.modulation.project.weight, std=0.1)
    return module


def inputs(batch: int, frames: int, height: int, width: int, tokens: int = 5) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {
        "latents": torch.randn(batch, 16, frames, height, width),
        "condition": torch.randn(batch, 17, frames, height, width),
        "timestep": torch.rand(batch),
        "task": torch.arange(batch) % 5,
        "text": torch.randn(batch, tokens, 20),
        "text_mask": torch.ones(batch, tokens),
    }


@pytest.mark.parametrize("shape", [(1, 1, 2, 2), (2, 3, 6, 10), (5, 2, 10, 6), (1, 32, 4, 4)])
@torch.no_grad()
def test_velocity_has_the_shape_of_the_latents(shape: tuple[int, int, int, int]) -> None:
    given = inputs(*shape)
    velocity = network()(**given)
    assert velocity.shape == given["latents"].shape
    assert velocity.isfinite().all()


@torch.no_grad()
def test_fresh_network_gives_zero_velocity() -> None:
    assert not VideoTransformer(PARAMS)(**inputs(1, 2, 4, 4)).any()


@torch.no_grad()
def test_pads_do_not_change_the_velocity() -> None:
    given, module = inputs(2, 2, 4, 6), network()
    padded = given | {
        "text": torch.cat([given["text"], 9.0 * torch.randn(2, 4, 20)], dim=1),
        "text_mask": torch.cat([given["text_mask"], torch.zeros(2, 4)], dim=1),
    }
    torch.testing.assert_close(module(**padded), module(**given))


@torch.no_grad()
def test_condition_weights_start_at_zero() -> None:
    given, module = inputs(1, 2, 4, 4), network()
    blind = given | {"condition": torch.zeros_like(given["condition"])}
    torch.testing.assert_close(module(**given), module(**blind))
    torch.nn.init.normal_(module.patches.weight)
    assert not torch.allclose(module(**given), module(**blind))


@pytest.mark.parametrize("name", ["latents", "timestep", "task", "text", "text_mask"])
@torch.no_grad()
def test_each_input_counts(name: str) -> None:
    given, module = inputs(1, 2, 4, 4), network()
    other = {
        "latents": -given["latents"],
        "timestep": given["timestep"] / 2,
        "task": given["task"] + 1,
        "text": -given["text"],
        "text_mask": torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0]]),
    }
    assert not torch.allclose(module(**given), module(**given | {name: other[name]}), atol=1e-3)


@torch.no_grad()
def test_a_character_is_seen_by_its_own_task_alone() -> None:
    given, module = inputs(5, 2, 4, 4), network(SEEING)
    one, other = torch.randn(2, 5, 16, 4, 4)
    seen, unlike = module(**given, character=one), module(**given, character=other)
    changed = (seen - unlike).flatten(1).abs().amax(1)
    assert [index for index in range(5) if changed[index] > 1e-3] == [CHARACTER]
    assert not changed[:CHARACTER].any()


@torch.no_grad()
def test_other_tasks_are_as_they_are_without_characters() -> None:
    given, module, seeing = inputs(4, 2, 4, 4), network(), network(SEEING)
    seeing.load_state_dict(module.state_dict(), strict=False)
    wanted = module(**given)
    torch.testing.assert_close(seeing(**given, character=torch.randn(4, 16, 4, 4)), wanted)
    torch.testing.assert_close(seeing(**given), wanted)


@torch.no_grad()
def test_a_character_needs_a_network_that_takes_one() -> None:
    with pytest.raises(AttributeError, match="character"):
        network()(**inputs(1, 2, 4, 4), character=torch.zeros(1, 16, 4, 4))


def test_the_loss_of_a_character_reaches_its_encoder() -> None:
    given, module = inputs(5, 2, 4, 4), network(SEEING)
    portrait = torch.randn(5, 16, 4, 4)
    module(**given, character=portrait).square().mean().backward()
    parts = dict(module.character.named_parameters())
    assert all(weight.grad is not None and weight.grad.abs().max() > 0 for weight in parts.values())


@torch.no_grad()
def test_rows_of_a_batch_do_not_meet() -> None:
    given, module = inputs(3, 2, 4, 4), network()
    alone = {name: tensor[1:2] for name, tensor in given.items()}
    torch.testing.assert_close(module(**given)[1:2], module(**alone), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_attention_is_bidirectional_in_time() -> None:
    given, module = inputs(1, 3, 4, 4), network()
    late, early = given["latents"].clone(), given["latents"].clone()
    late[:, :, 2] += 1.0
    early[:, :, 0] += 1.0
    velocity = module(**given)
    assert not torch.allclose(module(**given | {"latents": late})[:, :, 0], velocity[:, :, 0])
    assert not torch.allclose(module(**given | {"latents": early})[:, :, 2], velocity[:, :, 2])


@torch.no_grad()
def test_patches_return_to_their_place() -> None:
    module = network()
    grid = torch.Size((2, 3, 4))
    frame, row, column, y, x, channel = torch.meshgrid(
        *(torch.arange(n) for n in (*grid, 2, 2, 16)), indexing="ij"
    )
    code = ((frame * 100 + row * 2 + y) * 100 + column * 2 + x) * 100 + channel
    video = module._unpatch(code.reshape(1, 24, 64), grid)
    assert video.shape == (1, 16, 2, 6, 8)
    assert video[0, 7, 1, 5, 2] == ((1 * 100 + 5) * 100 + 2) * 100 + 7


def test_positions_are_all_different_before_training() -> None:
    positions = VideoTransformer(PARAMS).positions(8, 9, 16)[0]
    distances = torch.cdist(positions, positions) + torch.eye(len(positions))
    assert distances.min() > 1e-3


@torch.no_grad()
def test_too_long_a_video_is_refused() -> None:
    with pytest.raises(RuntimeError, match="must match"):
        network()(**inputs(1, PARAMS.max_frames + 1, 2, 2))


@torch.no_grad()
def test_predicted_data_gives_the_velocity_that_leads_there() -> None:
    torch.manual_seed(0)
    module, given = VideoTransformer(replace(PARAMS, predicts_data=True)).eval(), inputs(2, 2, 4, 4)
    given["timestep"] = torch.tensor([0.2, 0.9])
    left = (1.0 - given["timestep"])[:, None, None, None, None]
    # A fresh network predicts zeros.
    torch.testing.assert_close(given["latents"] + left * module(**given), torch.zeros_like(given["latents"]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(which("g++") is None, reason="blocks are compiled with g++")
def test_compiled_blocks_have_the_gradients_of_plain_ones(assert_same_gradients: SameGradients) -> None:
    plain, compiled = network(), network()
    for block in compiled.blocks:
        block.compile(dynamic=True)
    assert_same_gradients(compiled, plain, inputs(2, 2, 8, 8))


@torch.no_grad()
def test_with_a_refiner_what_is_hardly_noisy_is_kept() -> None:
    torch.manual_seed(0)
    params = replace(PARAMS, predicts_data=True, refiner=RefinerParams(width=8, blocks=1))
    module, given = VideoTransformer(params).eval(), inputs(2, 2, 4, 4)
    given["timestep"] = torch.tensor([0.02, 0.98])
    left = (1.0 - given["timestep"])[:, None, None, None, None].clamp_min(0.1)
    data = given["latents"] + left * module(**given)
    # A fresh network predicts zeros, in which it has some doubt.
    assert data[0].abs().max() < 0.02
    torch.testing.assert_close(data[1], given["latents"][1], atol=0.1, rtol=0.1)


@torch.no_grad()
def test_what_is_given_can_be_copied() -> None:
    torch.manual_seed(0)
    module = VideoTransformer(replace(PARAMS, predicts_data=True, copies=True)).eval()
    given = inputs(2, 3, 4, 4) | {"timestep": torch.tensor([0.5, 0.5])}
    given["condition"][:, 16] = 0
    given["condition"][1, 16, 0] = 1
    module.copying.bias[:] = 9.0
    data = given["latents"] + 0.5 * module(**given)
    # A fresh network predicts zeros, unless it copies.
    torch.testing.assert_close(data[0], torch.zeros_like(data[0]))
    first = given["condition"][1, :16, :1].expand(-1, 3, -1, -1)
    torch.testing.assert_close(data[1], first, atol=1e-5, rtol=0)
