from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from services.contract import tensors
from services.contract.errors import GenerationError
from services.inference.windows import MAX_BYTES, Windows


class Doubling:
    """Answers as an upsampler whose every byte is the number of the frame."""

    def __init__(self, lines: int = 0) -> None:
        self.counts: list[int] = []
        self._lines = lines

    def ask(self, model: str, inputs: Mapping[str, Any], outputs: Sequence[str]) -> dict[str, Any]:
        assert (model, list(outputs)) == (tensors.UPSAMPLE_VIDEO, [tensors.YUV])
        frames = inputs[tensors.FRAMES]
        height, width = inputs[tensors.SIZE].tolist()
        self.counts.append(len(frames))
        lines = self._lines or height * 3 // 2
        return {tensors.YUV: np.broadcast_to(frames[:, :1, :1, 0], (len(frames), lines, width))}


@pytest.mark.parametrize(
    ("width", "height", "counts"),
    [(1920, 1080, [2] * 8 + [1]), (256, 144, [16, 1]), (7680, 4320, [1] * 17)],
)
def test_windows_are_small_and_give_all_frames_in_order(width: int, height: int, counts: list[int]) -> None:
    door = Doubling()
    frames = np.arange(17, dtype=np.uint8)[:, None, None, None] + np.zeros((17, 2, 4, 3), np.uint8)
    made = list(Windows(door, shared_memory=False).upsample(frames, width, height))  # type: ignore[arg-type]
    assert door.counts == counts
    assert [window.shape for window in made] == [(count, height * 3 // 2, width) for count in counts]
    assert np.concatenate([window[:, -1, -1] for window in made]).tolist() == list(range(17))
    assert all(count == 1 or count * width * height * 3 // 2 <= MAX_BYTES for count in counts)


def test_an_answer_of_another_shape_is_refused() -> None:
    windows = Windows(Doubling(lines=5), shared_memory=False)  # type: ignore[arg-type]
    with pytest.raises(GenerationError, match="not"):
        list(windows.upsample(np.zeros((1, 2, 4, 3), np.uint8), 4, 8))
