from dataclasses import replace

import numpy as np
import pytest

from training.recipes import sources
from training.recipes.plain import scene_of
from training.recipes.sources import CropPlan, FilmPlan, PairPlan, ScorePlan
from training.world.chance import Film
from training.world.presence import presence


def test_the_same_seed_gives_the_same_sample() -> None:
    plan = CropPlan(((4, 64, 64),), (1.0,))
    one, two = (sources.film_crop(3, plan).arrays["video"] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (4, 64, 64, 3)
    assert (one != sources.film_crop(4, plan).arrays["video"]).any()


def test_windows_around_things_have_them() -> None:
    plan = CropPlan(((4, 48, 48),), (1.0,))
    around, anywhere = (
        [sources.film_crop(n, chosen).arrays["things"] for n in range(40)]
        for chosen in (replace(plan, centred=1.0), plan)
    )
    assert all(things.shape == (4, 24, 24) and things.any() for things in around)
    assert sum(things.mean() for things in around) > 2 * sum(things.mean() for things in anywhere)


def test_a_piece_of_sound_has_the_length_asked_for_and_stays_in_range() -> None:
    waveform = sources.sound(1, 9600).arrays["waveform"]
    assert waveform.shape == (9600,)
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() <= 1.0


@pytest.mark.parametrize("seed", range(6))
def test_a_close_up_shows_the_same_as_its_place_in_the_film(seed: int) -> None:
    plan = PairPlan(frames=3, shown=(2,), side=32, times=4)
    arrays = sources.close_ups(seed, plan).arrays
    top, left = arrays["place"]
    low = arrays["video"][2, top : top + 32, left : left + 32].astype(float)
    fine = arrays["target"][0].astype(float)
    shrunk = fine.reshape(32, 4, 32, 4, 3).mean((1, 3))
    aligned = np.abs(shrunk - low).mean()
    assert aligned < 5
    moved = np.abs(np.roll(shrunk, 2, axis=1) - low)[:, 2:].mean()
    assert moved > aligned


@pytest.mark.parametrize("seed", range(12))
def test_a_film_fits_its_bucket_and_names_its_rate(seed: int) -> None:
    sample = sources.film(seed, FilmPlan((1, 2), (0.5, 0.5), (1, 2)))
    frames, rows, columns, task = sample.bucket
    expected = (1 if frames == 1 else 8 * frames, 8 * rows, 8 * columns, 3)
    assert sample.arrays["video"].shape == expected
    assert sample.texts[0].startswith(("FPS-16 ", "FPS-24 "))
    others = {name: array.shape for name, array in sample.arrays.items() if name != "video"}
    given = {3: {"source": expected}, 4: {"portrait": (1, sources.PORTRAIT, sources.PORTRAIT, 3)}}
    assert others == {"things": (frames, rows, columns), "layout": (4, frames, 40), **given.get(task, {})}
    assert 0 < (sample.arrays["things"] > 0).mean() < 0.6


def test_a_latent_frame_has_the_things_of_all_its_frames() -> None:
    plan = FilmPlan((2,), (1.0,), (2,), (144, 256), edits=0.0, figures=0.0, plain=1.0)
    samples = [sources.film(seed, plan) for seed in range(8)]
    scenes = [scene_of(seed, Film(16, 16), "train", True) for seed in range(8)]
    for sample, scene in zip(samples, scenes, strict=True):
        if sample.texts[0].startswith("FPS-16"):
            single = presence(scene, 18, 32)
            assert np.array_equal(sample.arrays["things"][1] > 0, single[8:].max(0))


def test_the_plain_part_of_the_world_has_its_share() -> None:
    plan = FilmPlan((1,), (1.0,), (1,), (64, 64), edits=0.0, figures=0.0, plain=1.0)
    texts = [sources.film(seed, plan).texts[0] for seed in range(60)]
    assert not any("night" in text or "snow" in text or "zoom" in text for text in texts)
    other = [sources.film(seed, replace(plan, plain=0.0)).texts[0] for seed in range(60)]
    assert any("night" in text or "snow" in text or "zoom" in text for text in other)


def test_tasks_come_as_often_as_planned() -> None:
    plan = FilmPlan((1,), (1.0,), (1,), (64, 64), edits=0.3, figures=0.3)
    tasks = [sources.film(seed, plan).bucket[3] for seed in range(200)]
    assert set(tasks) == {sources.TEXT, sources.EDIT, sources.CHARACTER}
    assert 0.2 < tasks.count(sources.EDIT) / 200 < 0.4
    longest = FilmPlan((2,), (1.0,), (2,), (64, 64), edits=0.5, figures=0.5, longest_pair=1)
    assert {sources.film(seed, longest).bucket[3] for seed in range(20)} == {sources.TEXT}


def test_other_shapes_than_16_9_have_fewer_lengths() -> None:
    plan = FilmPlan((12,), (1.0,), (1,), size=(144, 256))
    assert sources.film(0, plan).bucket == (12, 18, 32, 0)
    assert sources.film(0, plan).texts[0].startswith("FPS-24 ")
    assert sources.film(0, FilmPlan((12,), (1.0,), (1,), size=(64, 64))).bucket[:3] == (1, 8, 8)


@pytest.mark.parametrize("seed", range(4))
def test_picture_and_sound_of_a_film_are_equally_long(seed: int) -> None:
    sample = sources.film_with_sound(seed, ScorePlan((1, 2), (0.5, 0.5)))
    seconds, rate, *size = sample.bucket
    assert sample.arrays["video"].shape == (seconds * rate, *size, 3)
    assert sample.arrays["waveform"].shape == (seconds * 48_000,)
    assert all(sample.texts)


def test_a_film_says_in_which_latents_of_its_sound_there_are_hits() -> None:
    sample = sources.film_with_sound(0, ScorePlan((4,), (1.0,), plain=True))
    hits, waveform = sample.arrays["hits"], sample.arrays["waveform"]
    assert hits.shape == (100,)
    assert hits.any()
    assert hits.max() <= 1.0
    loud = np.abs(waveform).reshape(100, -1).max(1)
    assert loud[hits > 0.3].min() > 5 * np.median(loud)
