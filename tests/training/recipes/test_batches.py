from functools import partial

import torch

from training.recipes.batches import Batches, to_pixels, to_video
from training.recipes.feed import Feed, FeedPlan
from training.recipes.sources import sound


def test_bytes_to_video_and_back() -> None:
    pixels = torch.randint(0, 256, (2, 3, 4, 5, 3), dtype=torch.uint8)
    video = to_video(pixels)
    assert video.shape == (2, 3, 3, 4, 5)
    assert float(video.min()) >= -1.0
    assert float(video.max()) <= 1.0
    assert torch.equal(to_pixels(video.transpose(1, 2)), pixels)


def test_batches_hold_as_many_samples_as_asked() -> None:
    source = partial(sound, samples=1920)
    plan = FeedPlan(workers=1, slots=4, slot_bytes=1920 * 4, seed=0)
    with Feed(source, plan) as feed, Batches(feed, lambda _: 3, pinned=False, depth=1) as batches:
        batch = batches.next()
        assert batch.bucket == (1920,)
        assert batch.tensors["waveform"].shape == (3, 1920)
        for row, seed in zip(batch.tensors["waveform"], range(3), strict=True):
            assert torch.equal(row, torch.from_numpy(source(seed).arrays["waveform"]))
