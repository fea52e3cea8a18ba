import time
from functools import partial

import numpy as np
import torch

from training.recipes.batches import Batches, to_pixels, to_video
from training.recipes.feed import Feed, FeedPlan, Place, Sample
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


def slow(seed: int) -> Sample:
    """One that takes a tenth of a second."""
    time.sleep(0.1)
    return Sample((), {"seed": np.array([seed])})


def test_it_is_known_how_long_batches_were_waited_for() -> None:
    plan = FeedPlan(workers=1, slots=4, slot_bytes=64, seed=0)
    with Feed(slow, plan) as feed, Batches(feed, lambda _: 1, pinned=False, depth=2) as batches:
        batches.next()
        assert batches.waited_s == 0.0
        for _ in range(5):
            batches.next()
        waited = batches.waited_s
        assert 0.2 < waited < 2.0
        while not batches.ready:
            time.sleep(0.01)
        batches.next()
        assert batches.waited_s - waited < 0.05


def mixed(seed: int) -> Sample:
    """Buckets of three kinds, of which one is rare."""
    return Sample((seed % 7 % 3,), {"seed": np.array([seed])})


def drawn(place: Place, count: int) -> tuple[list[list[int]], list[Place]]:
    """The seeds of batches from a place on, and the places after them."""
    plan = FeedPlan(workers=2, slots=8, slot_bytes=64, seed=0, place=place)
    seeds, places = [], []
    with Feed(mixed, plan) as feed, Batches(feed, lambda bucket: 3 + bucket[0], pinned=False) as batches:
        for _ in range(count):
            seeds.append(batches.next().tensors["seed"].flatten().tolist())
            places.append(batches.place)
    return seeds, places


def test_batches_go_on_where_a_process_before_was_killed() -> None:
    whole, places = drawn(Place(), 12)
    again, later = drawn(places[4], 7)
    assert again == whole[5:]
    assert later == places[5:]
    assert places[4].again, "batches that are not full are to be begun again"
