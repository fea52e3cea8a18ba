import os
import signal
from itertools import islice

import numpy as np
import pytest

from training.world.dataset import clip
from training.world.stream import ClipStream, Programme

PROGRAMME = Programme(frames=4, sizes=((64, 36), (36, 64)), rates=(16, 24), first_seed=50, group=3)


def test_groups_are_alike_and_all_sizes_come_up() -> None:
    plans = [PROGRAMME.size_and_fps(index) for index in range(60)]
    assert all(plans[index] == plans[index - index % 3] for index in range(60))
    assert len(set(plans)) == 4


def test_workers_make_the_very_clips_in_order() -> None:
    with ClipStream(PROGRAMME, workers=2, slots=2) as stream:
        batches = stream.batches()
        for number in range(4):
            batch = next(batches)
            for row in range(3):
                index = number * 3 + row
                size, fps = PROGRAMME.size_and_fps(index)
                alone = clip(50 + index, 4, size, fps)
                np.testing.assert_array_equal(batch.frames[row], alone.frames)
                np.testing.assert_array_equal(batch.sound[row], alone.sound)
                assert (batch.captions[row], batch.sound_captions[row]) == (
                    alone.caption,
                    alone.sound_caption,
                )
                assert (batch.scenes[row], batch.fps) == (alone.scene, fps)
        single = next(iter(stream))
        assert single.scene == clip(62, 4, *PROGRAMME.size_and_fps(12)).scene


def test_a_lost_worker_is_reported() -> None:
    with ClipStream(PROGRAMME, workers=1, slots=1) as stream:
        clips = iter(stream)
        next(clips)
        process = stream._running[0].process
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with pytest.raises(ChildProcessError, match="worker 0"):
            list(islice(clips, 3))
