from collections.abc import Callable

import numpy as np

from training.evaluation.intervals import Estimate
from training.evaluation.parts import autoencoder, codec, sound, upsampler
from training.evaluation.work import FORMAT, Work
from training.world.chance import sample_scene
from training.world.sound import synthesize

WorkOf = Callable[..., Work]
Estimated = Callable[..., dict[str, Estimate]]


def no_film(_section: str, _seed: int) -> np.ndarray:
    raise AssertionError("no film is wanted")


def test_true_sound_is_right_and_late_sound_is_not(work_of: WorkOf, estimated: Estimated) -> None:
    def true(seed: int) -> np.ndarray:
        return synthesize(sample_scene(seed, FORMAT, "heldout"))

    found = estimated(sound, work_of(no_film, true), 8)
    assert found["hits heard: recall"].value == 1
    assert found["kind of sound"].value >= 0.87
    late = estimated(sound, work_of(no_film, lambda seed: np.roll(true(seed), 9600)), 8)
    assert late["hits heard: recall"].value < 0.6


def test_the_networks_around_have_their_numbers(work_of: WorkOf, estimated: Estimated) -> None:
    work = work_of(no_film)
    measured = {"PSNR", "SSIM", "bright dots a frame", "count", "colour", "shape", "motion", "consistency"}
    assert measured <= set(estimated(autoencoder, work, 1))
    assert {"PSNR at 1080p", "better than bicubic"} <= set(estimated(upsampler, work, 1))
    assert {"SI-SDR", "distance of bands", "mood"} <= set(estimated(codec, work, 1))
