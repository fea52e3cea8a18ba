import os
import signal
from functools import partial

import numpy as np
import pytest

from training.recipes.feed import Feed, FeedPlan, Sample, pack, room_for, unpack
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


def test_render_processes_give_the_samples_of_their_seeds_and_are_replaced() -> None:
    source = partial(sound, samples=1920)
    with Feed(source, FeedPlan(workers=1, slots=2, slot_bytes=1920 * 4, seed=5)) as feed:
        for seed in (5, 6, 7):
            with feed.take() as sample:
                np.testing.assert_array_equal(sample.arrays["waveform"], source(seed).arrays["waveform"])
        pid = feed.processes[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        for _ in range(6):
            with feed.take(timeout_s=30) as sample:
                assert sample.bucket == (1920,)
                assert sample.arrays["waveform"].any()
        assert feed.processes[0].pid != pid
    assert not feed.ring.path.exists()
