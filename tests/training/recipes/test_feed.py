import os
import signal
import time
from functools import partial

import numpy as np
import pytest

from training.recipes.feed import Feed, FeedPlan, Place, Sample, pack, room_for, unpack
from training.recipes.sources import sound


def test_a_sample_comes_out_of_a_slot_as_it_went_in() -> None:
    slots = np.zeros((2, 4096), np.uint8)
    arrays = {"a": np.arange(7, dtype=np.float32), "b": np.arange(12, dtype=np.uint8).reshape(3, 4)[:, ::2]}
    fields = pack(Sample((3, 4), arrays, ("text",)), slots[1])
    sample = unpack((1, (3, 4), fields, ("text",)), slots)
    assert sample.bucket == (3, 4)
    assert sample.texts == ("text",)
    for name, array in arrays.items():
        assert sample.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(sample.arrays[name], array)


def test_a_sample_too_large_for_a_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than a slot of 8 bytes"):
        pack(Sample((), {"a": np.zeros(3, np.float32)}), np.zeros(8, np.uint8))


def test_a_file_that_is_too_large_for_shared_memory_goes_elsewhere() -> None:
    assert str(room_for(1 << 60)) != "/dev/shm"


def numbered(seed: int, slow: int = 0) -> Sample:
    """A sample that tells its seed; every `slow`-th takes its time."""
    if slow and seed % slow == 0:
        time.sleep(0.05)
    return Sample((1,), {"seed": np.array([seed])})


def unlucky(seed: int) -> Sample:
    """No process survives seed 7."""
    if seed == 7:
        os._exit(1)
    return numbered(seed)


def taken(feed: Feed, count: int) -> list[int]:
    seeds = []
    for _ in range(count):
        with feed.take(timeout_s=30) as sample:
            seeds.append(int(sample.arrays["seed"][0]))
    return seeds


@pytest.mark.parametrize("workers", [1, 3])
def test_samples_come_in_the_order_of_their_seeds_however_many_render(workers: int) -> None:
    plan = FeedPlan(workers, slots=6, slot_bytes=64, seed=5)
    with Feed(partial(numbered, slow=3), plan) as feed:
        assert taken(feed, 14) == list(range(5, 19))
        assert feed.place == Place((), 14)


def test_a_process_that_dies_is_replaced_and_no_seed_is_lost() -> None:
    with Feed(numbered, FeedPlan(workers=2, slots=4, slot_bytes=64, seed=0)) as feed:
        assert taken(feed, 3) == [0, 1, 2]
        before = [worker.process.pid for worker in feed.workers]
        for pid in before:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        assert taken(feed, 9) == list(range(3, 12))
        assert not set(before) & {worker.process.pid for worker in feed.workers}


def test_a_seed_that_no_process_survives_is_left_out_and_said(capfd: pytest.CaptureFixture[str]) -> None:
    with Feed(unlucky, FeedPlan(workers=1, slots=2, slot_bytes=64, seed=5)) as feed:
        assert taken(feed, 4) == [5, 6, 8, 9]
    assert "seed 7: it is left out" in capfd.readouterr().err


def test_a_stream_goes_on_at_a_place() -> None:
    place = Place((2, 5), 9)
    assert [place.number(n) for n in range(4)] == [2, 5, 9, 10]
    assert place.after(1) == Place((5,), 9)
    assert place.after(3) == Place((), 10)
    with Feed(numbered, FeedPlan(2, 4, 64, seed=100, place=place)) as feed:
        assert taken(feed, 5) == [102, 105, 109, 110, 111]


def test_samples_are_those_of_the_source_and_nothing_is_left_behind() -> None:
    source = partial(sound, samples=1920)
    with Feed(source, FeedPlan(workers=1, slots=2, slot_bytes=1920 * 4, seed=5)) as feed:
        with feed.take() as sample:
            assert sample.number == 0
            np.testing.assert_array_equal(sample.arrays["waveform"], source(5).arrays["waveform"])
        assert feed.ring.path.exists()
    assert not feed.ring.path.exists()
