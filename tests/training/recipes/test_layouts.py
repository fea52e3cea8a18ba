import numpy as np
import pytest

from services.contract import layout as columns
from training.recipes.layouts import FIGURE, GROUND, layout_of
from training.recipes.sources import LayoutPlan, film_layout
from training.world import view
from training.world.boxes import Frames
from training.world.chance import Film, sample_scene
from training.world.presence import layout as numbers_in_cells
from training.world.scene import COLOURS, SHAPES

FILM = Film(32, 16, 16 / 9)


@pytest.mark.parametrize("seed", range(6))
def test_things_are_where_the_renderer_draws_them(seed: int) -> None:
    scene = sample_scene(seed, FILM)
    layout = layout_of(scene)
    assert layout.shape == (columns.SLOTS, 4, columns.COLUMNS)
    assert layout.dtype == np.float32
    for slot, thing in enumerate(scene.objects):
        assert (layout[slot, :, columns.THERE] == 1).all()
        assert SHAPES[layout[slot, 0, columns.KIND].argmax()] == thing.shape
        assert COLOURS[layout[slot, 0, columns.COLOUR].argmax()] == thing.colour
    assert (layout[len(scene.objects) : columns.THINGS, :, columns.THERE] == -1).all()
    assert not layout[len(scene.objects) : columns.THINGS, :, columns.X.start :].any()
    last = len(scene.objects) - 1
    found = numbers_in_cells(scene, 72, 128)
    # The first moment lies between frames 0 and 1 of a latent.
    for latent in range(4):
        middle = middle_of(found[8 * latent : 8 * latent + 2], last + 1)
        if middle is not None:
            x, y = (layout[last, latent, part][0] / columns.PLACE_SCALE for part in (columns.X, columns.Y))
            assert (x, y) == pytest.approx(middle, abs=0.03)


def middle_of(found: Frames, number: int) -> tuple[float, float] | None:
    """The middle of a thing in frames [F,72,128] of numbers, in heights; None where it touches an edge."""
    there = found == number
    edges = there[:, [0, -1]].any() or there[:, :, [0, -1]].any()
    if edges or not there.any():
        return None
    _, rows, across = np.nonzero(there)
    return (across.mean() + 0.5 - 64) / 72, 0.5 - (rows.mean() + 0.5) / 72


def test_the_ground_says_where_the_horizon_is_and_how_the_camera_moves() -> None:
    scenes = [sample_scene(seed, FILM) for seed in range(80)]
    still = next(scene for scene in scenes if scene.camera == "static")
    ground = layout_of(still)[columns.GROUND]
    assert ground[0, columns.KIND].argmax() == GROUND
    assert ground[:, columns.X] == pytest.approx(0.0)
    assert ground[:, columns.Y] == pytest.approx(columns.PLACE_SCALE * (still.ground.horizon - 0.5), abs=1e-5)
    panned = next(scene for scene in scenes if scene.camera == "pan right")
    way = layout_of(panned)[columns.GROUND, :, columns.X].ravel()
    assert (np.diff(way) < 0).all()
    assert way[0] - way[-1] == pytest.approx(columns.PLACE_SCALE * view.pan_reach(panned), rel=0.15)
    zoomed = next(scene for scene in scenes if scene.camera == "zoom in")
    assert (np.diff(layout_of(zoomed)[columns.GROUND, :, columns.RADIUS].ravel()) > 0).all()


def test_a_frame_that_is_shown_alone_is_a_latent_at_one_moment() -> None:
    scene = sample_scene(3, FILM)
    alone = layout_of(scene, [9])
    assert alone.shape == (columns.SLOTS, 1, columns.COLUMNS)
    assert np.ptp(alone[0, 0, columns.X]) == 0
    # Frame 9 lies between the moments of frames 8.5 and 10.5.
    whole = layout_of(scene)[0, 1, columns.X]
    assert whole[:2].min() - 1e-6 <= alone[0, 0, columns.X][0] <= whole[:2].max() + 1e-6


def test_a_figure_has_a_kind_of_its_own() -> None:
    layout = layout_of(sample_scene(3, FILM), figure=True)
    assert (layout[0, :, columns.KIND].argmax(-1) == FIGURE).all()


def test_columns_are_scaled_as_noise_is() -> None:
    samples = [film_layout(seed, LayoutPlan()) for seed in range(150)]
    layouts = np.concatenate([sample.arrays["layout"] for sample in samples], axis=1)[: columns.THINGS]
    numbers = layouts[layouts[..., 0] > 0][:, columns.X.start :]
    assert np.abs(numbers).max() < 4
    assert 0.2 < numbers.std() < 1.5
    assert {sample.bucket[0] for sample in samples} <= set(LayoutPlan().films.lengths)
    assert all(sample.arrays["layout"].shape[1] == sample.bucket[0] for sample in samples)
    assert film_layout(5, LayoutPlan()).texts == film_layout(5, LayoutPlan()).texts
