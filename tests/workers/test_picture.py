import pytest

from services.contract.cast import Size
from tests.workers.conftest import CAST, spec
from workers.picture import segment_recipe, tiles_per_segment


@pytest.mark.parametrize(("fps", "tiles"), [(16, 2), (24, 3), (4, 1)])
def test_a_segment_is_two_seconds_in_whole_tiles(fps: int, tiles: int) -> None:
    assert tiles_per_segment(CAST, fps) == tiles


def test_segments_of_another_size_rate_or_tiling_have_another_recipe() -> None:
    coarse = CAST.model_copy(update={"latents": CAST.latents.model_copy(update={"overlap": 3})})
    wide = Size(width=128, height=48, base_width=64, base_height=48)
    recipes = {
        segment_recipe(spec(), CAST),
        segment_recipe(spec(fps=24), CAST),
        segment_recipe(spec(size=wide), CAST),
        segment_recipe(spec(), coarse),
    }
    assert len(recipes) == 4
    assert segment_recipe(spec(seed=4, prompt="a bell"), CAST) in recipes
