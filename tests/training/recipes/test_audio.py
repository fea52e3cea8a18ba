from functools import partial

import numpy as np
import pytest
import torch

from services.sampling.resample import resample
from training.recipes import audio
from training.recipes.batches import Batch
from training.recipes.order import Order
from training.recipes.sources import ScorePlan, film_with_sound


@pytest.mark.parametrize(("frames", "count", "rate"), [(16, 25, 16), (24, 25, 24), (1, 2, 16), (37, 58, 16)])
def test_features_are_resampled_as_at_inference(frames: int, count: int, rate: int) -> None:
    features = np.random.default_rng(0).standard_normal((frames, 3)).astype(np.float32)
    expected = resample(features, count, rate / audio.LATENTS_PER_S)
    found = audio.resample(torch.from_numpy(features)[None], count, rate / audio.LATENTS_PER_S)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-6)


def test_context_is_mostly_empty_and_else_shows_what_the_mask_says() -> None:
    torch.manual_seed(0)
    latents = torch.randn(400, 4, 10)
    given = audio.context(latents)
    mask = given[:, 4:]
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(given[:, :4], latents * mask)
    empty = (mask.sum((1, 2)) == 0).float().mean()
    assert 0.7 < float(empty) < 0.95


def test_roughened_frames_differ_and_stay_near() -> None:
    frames = torch.rand(2, 3, 3, 16, 16) * 2 - 1
    rough = audio.roughened(frames)
    assert rough.shape == frames.shape
    assert not torch.equal(rough, frames)
    assert float((rough.mean() - frames.mean()).abs()) < 0.1


def test_a_step_from_frames_sound_and_text_to_both_networks(written: Order) -> None:
    recipe = audio.Recipe(written)
    recipe.warm_up()
    recipe.begin()
    sample = film_with_sound(0, ScorePlan((1,), (1.0,)))
    tensors = {name: torch.from_numpy(array)[None] for name, array in sample.arrays.items()}
    recipe.encode(Batch(sample.bucket, tensors, [sample.texts]))
    assert recipe.replay.rows[sample.bucket]["latents"].shape[1:] == (32, 25)
    before = [w.detach().clone() for w in recipe.trainer.weights]
    for _ in range(2):
        recipe.trainer.step(partial(recipe.loss, sample.bucket))
    moved = [not torch.equal(a, b) for a, b in zip(before, recipe.trainer.weights, strict=True)]
    assert sum(moved) > 0.9 * len(moved)
    recipe.save()
    recipe.listen()
    assert (written.work / "sound-0-made.wav").stat().st_size == (
        written.work / "sound-0-true.wav"
    ).stat().st_size
