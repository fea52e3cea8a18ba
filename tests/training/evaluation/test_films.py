from collections.abc import Callable

import numpy as np
import pytest

from training.evaluation.films import from_first_frame, from_words, order, texts, until
from training.evaluation.intervals import Estimate
from training.evaluation.wanted import wanted
from training.evaluation.work import FORMAT, Work
from training.world.captions import vocabulary
from training.world.chance import sample_scene
from training.world.render import render
from training.world.scene import is_heldout
from training.world.sound import synthesize

WorkOf = Callable[..., Work]
Estimated = Callable[..., dict[str, Estimate]]


def true_film(_section: str, seed: int) -> np.ndarray:
    return render(sample_scene(seed, FORMAT, "heldout"), 144, 256)


def true_sound(seed: int) -> np.ndarray:
    return synthesize(sample_scene(seed, FORMAT, "heldout"))


def test_true_films_of_the_captions_are_right(work_of: WorkOf, estimated: Estimated) -> None:
    found = estimated(from_words, work_of(true_film, true_sound), 8)
    wrong = {axis: e.value for axis, e in found.items() if axis != "bright dots a frame" and e.value < 0.87}
    assert wrong == {}
    assert {"ground", "hits heard of seen: precision", "mood", "consistency"} <= set(found)


def test_films_of_other_captions_are_wrong(work_of: WorkOf, estimated: Estimated) -> None:
    found = estimated(
        from_words, work_of(lambda s, seed: true_film(s, seed + 1), lambda k: true_sound(k + 1)), 8
    )
    assert all(found[axis].value < 0.6 for axis in ("colour", "shape", "motion", "ground", "kind of sound"))


def test_the_first_frame_is_compared_with_the_given_one(work_of: WorkOf, estimated: Estimated) -> None:
    found = estimated(from_first_frame, work_of(true_film), 4)
    assert found["PSNR of frame 0"].value == 99
    assert found["motion"].value == 1
    frozen = work_of(lambda s, seed: np.repeat(true_film(s, seed)[:1], 32, 0))
    assert estimated(from_first_frame, frozen, 4)["motion"].value < 0.5
    later = work_of(lambda s, seed: np.roll(true_film(s, seed), -9, 0))
    assert estimated(from_first_frame, later, 4)["PSNR of frame 0"].value < 28


def test_orders_are_held_out_and_say_everything() -> None:
    for seed in range(20):
        scene = sample_scene(seed, FORMAT, "heldout")
        assert all(is_heldout(t.colour, t.shape, t.motion) for t in scene.objects)
        fields = order(scene, guidance_scale=1.0)
        assert (fields["prompt"], fields["audio_prompt"]) == texts(scene)
        assert (fields["size"], fields["seconds"], fields["guidance_scale"]) == ("256x144", 2, 1.0)
        assert {word.strip(",.") for word in fields["prompt"].lower().split()} <= set(vocabulary())


def test_late_hits_may_be_missed() -> None:
    want = wanted(sample_scene(3, FORMAT), "")
    known, faint = until(want, 1.0)
    assert set(known) | set(faint) == {*want.hits, *want.faint}
    assert max(known, default=0) < 1.0


@pytest.mark.parametrize("level", [0, 128])
def test_a_blank_film_has_a_score(work_of: WorkOf, estimated: Estimated, level: int) -> None:
    blank = np.full((32, 144, 256, 3), level, np.uint8)
    found = estimated(from_words, work_of(lambda _s, _k: blank, lambda _k: np.zeros(96_000, np.float32)), 3)
    assert found["colour"].value == found["count"].value == 0
    assert "consistency" not in found
