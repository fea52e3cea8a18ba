import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from services.contract import layout as columns
from services.families.moviegen.layout_field import LayoutField, LayoutFieldParams
from training.recipes import outlines
from training.recipes.layouts import GROUND, layout_of
from training.world.chance import Film, sample_scene
from training.world.render import render
from training.world.scene import SHAPES


def ball(radius: float) -> torch.Tensor:
    """A ball in the middle that stays there."""
    layout = torch.zeros(1, 1, 1, columns.COLUMNS)
    layout[..., columns.KIND.start + SHAPES.index("ball")] = 1.0
    layout[..., columns.RADIUS] = columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)
    layout[..., columns.COSINE] = 1.0
    return layout


def test_a_ball_covers_as_much_as_it_has_area() -> None:
    shares = outlines.covered(ball(0.3), 10)
    assert shares.shape == (1, 1, 1, 10, 10, columns.MOMENTS, 4, 4)
    covered = shares.mean((-1, -2))[0, 0, 0, :, :, 0]
    assert float(covered.sum()) / 100 == pytest.approx(math.pi * 0.09, rel=0.02)
    assert covered[5, 5] == 1
    assert covered[0, 0] == 0


def test_quarters_lie_row_by_row() -> None:
    layout = ball(0.3)
    layout[..., columns.X], layout[..., columns.Y] = -columns.PLACE_SCALE * 0.5, columns.PLACE_SCALE * 0.5
    quarters = outlines.covered(layout, 2)[0, 0, 0, 0, 0, 0].mean(-1)
    assert quarters[0] > quarters[1] == quarters[2] > quarters[3]


def test_the_ground_covers_what_is_below_the_horizon() -> None:
    layouts = outlines.things(np.random.default_rng(0), 64)
    ground = layouts[layouts[..., columns.KIND.start + GROUND].flatten() > 0][:1]
    ground[..., columns.Y] = 0.0
    rows = outlines.covered(ground, 10).mean((-1, -2))[0, 0, 0, :, :, 0].mean(1)
    torch.testing.assert_close(rows, torch.tensor([0.0] * 5 + [1.0] * 5))


@pytest.mark.parametrize("seed", [1, 4, 5])
def test_what_is_covered_is_where_the_renderer_draws_the_thing(seed: int) -> None:
    scene = sample_scene(seed, Film(32, 16, 1.0))
    last = len(scene.objects) - 1
    layout = torch.from_numpy(layout_of(scene))[None, last : last + 1]
    films = (
        render(s, 160, 160).astype(np.float32) for s in (scene, replace(scene, objects=scene.objects[:last]))
    )
    differs = np.abs(np.subtract(*films)).max(-1) > 40
    seen = differs.reshape(4, 8, 20, 8, 20, 8).mean((1, 3, 5))
    for latent in range(4):
        covered = outlines.covered(layout[:, :, latent : latent + 1], 20)[0, 0, 0].mean((-1, -2, -3)).numpy()
        # Things have shadows too.
        assert np.corrcoef(covered.flatten(), seen[latent].flatten())[0, 1] > 0.9


def test_outlines_are_learned_once() -> None:
    torch.manual_seed(0)
    field = LayoutField(LayoutFieldParams(width=16, features=8))
    for weights in field.parameters():
        if weights.ndim == 2:
            torch.nn.init.xavier_uniform_(weights)
    assert outlines.explained(field.outlines, "cpu") < 0
    known = outlines.teach(field, "cpu", 250)
    assert known > outlines.ENOUGH
    before = [weights.clone() for weights in field.parameters()]
    assert outlines.teach(field, "cpu", 250) == known
    assert all(torch.equal(a, b) for a, b in zip(before, field.parameters(), strict=True))
