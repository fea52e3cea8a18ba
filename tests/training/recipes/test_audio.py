from functools import partial

import numpy as np
import pytest
import torch

from services.sampling.resample import resample
from training.recipes import audio
from training.recipes.batches import Batch
from training.recipes.order import Order
from training.recipes.sources import LATENTS_PER_S, ScorePlan, film_with_sound


@pytest.mark.parametrize(("frames", "count", "rate"), [(16, 25, 16), (24, 25, 24), (1, 2, 16), (37, 58, 16)])
def test_features_are_resampled_as_at_inference(frames: int, count: int, rate: int) -> None:
    features = np.random.default_rng(0).standard_normal((frames, 3)).astype(np.float32)
    expected = resample(features, count, rate / LATENTS_PER_S)
    found = audio.resample(torch.from_numpy(features)[None], count, rate / LATENTS_PER_S)
    np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-6)


def test_texts_end_where_the_longest_does() -> None:
    tokens = torch.tensor([[5, 6, 0, 0, 0], [7, 0, 0, 0, 0], [8, 9, 3, 0, 0]])
    assert audio.without_pads(tokens).tolist() == [[5, 6, 0], [7, 0, 0], [8, 9, 3]]


def test_context_is_mostly_empty_and_else_shows_what_the_mask_says() -> None:
    torch.manual_seed(0)
    latents = torch.randn(2000, 4, 10)
    given = audio.context(latents)
    mask = given[:, 4:]
    assert bool(((mask == 0) | (mask == 1)).all())
    assert torch.equal(given[:, :4], latents * mask)
    empty = (mask.sum((1, 2)) == 0).float().mean()
    assert 0.92 < float(empty) < 0.99


def test_times_are_early_and_some_are_the_very_start() -> None:
    torch.manual_seed(0)
    times = audio.times(4000, "cpu")
    assert 0.0 <= float(times.min()) < float(times.max()) < 1.0
    assert 0.2 < float((times == 0).float().mean()) < 0.3
    assert float(times.median()) < 0.2


def test_a_step_from_picture_sound_and_text(written: Order) -> None:
    recipe = audio.Recipe(written)
    recipe.warm_up()
    recipe.begin()
    sample = film_with_sound(0, ScorePlan((1,), (1.0,)))
    tensors = {name: torch.from_numpy(array)[None] for name, array in sample.arrays.items()}
    recipe.encode(Batch(sample.bucket, tensors, [sample.texts]))
    rows = recipe.replay.rows[(1,)]
    assert rows["latents"].shape[1:] == (recipe.transformer.params.latent_channels, 25)
    assert rows["features"].shape[1:] == (25, recipe.transformer.params.visual_width)
    before = [w.detach().clone() for w in recipe.trainer.weights]
    for _ in range(2):
        recipe.trainer.step(partial(recipe.loss, (1,)))
    moved = [not torch.equal(a, b) for a, b in zip(before, recipe.trainer.weights, strict=True)]
    assert sum(moved) > 0.9 * len(moved)
    recipe.save()
    recipe.sheet(written.work / "audio", full=True)
    made, true = (written.work / f"audio-0-{kind}.wav" for kind in ("made", "true"))
    assert made.stat().st_size == true.stat().st_size
    assert (written.work / "audio.png").exists()
