"""Picture to H.264, frame by frame: nothing here ever holds more than the encoder's own look-ahead."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from numpy.typing import NDArray

from services.contract.errors import GenerationError

THREADS = 4
"""Fixed, since x264's bytes depend on the number of its threads."""
KEYFRAME_EVERY_S = 2
X264 = "cpu-independent=1"
"""Else the bytes depend on the processor, too: x264 has several versions of the sums that tell which blocks
deserve bits (its macroblock tree). They round differently, and that for AVX-512 reads behind a row's end."""


class PictureWriter:
    """Context manager that writes a silent H.264 MP4: High profile, yuv420p, BT.709 limited, closed GOPs.

    Without B-frames every sample is shown in the order it is stored, from time 0, with no edit list.
    If the body raises, the disk does (OSError), or nothing was written, no file is left. ``width`` and
    ``height`` are even pixels, else ValueError.
    """

    def __init__(self, path: Path, width: int, height: int, fps: int) -> None:
        if width % 2 or height % 2 or min(width, height) <= 0:
            raise ValueError(f"yuv420p needs an even size, not {width}x{height}")
        self.frames = 0
        self._path = path
        self._shape = (height * 3 // 2, width)
        self._tick = Fraction(1, fps)
        self._container = av.open(path, "w", format="mp4", options={"fflags": "+bitexact"})
        self._stream = _h264_stream(self._container, width, height, fps)

    def __enter__(self) -> Self:
        return self

    def write(self, yuv: NDArray[np.uint8]) -> None:
        """Append frames: uint8 [n, H*3//2, W], planar I420. Raises GenerationError for another shape."""
        if yuv.dtype != np.uint8 or yuv.ndim != 3 or yuv.shape[1:] != self._shape:
            raise GenerationError(f"frames are {yuv.dtype} {yuv.shape}, not uint8 [n, {self._shape}]")
        for plane in yuv:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(plane), format="yuv420p")
            frame.pts, frame.time_base = self.frames, self._tick
            frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
            self._container.mux(self._stream.encode(frame))
            self.frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        whole = False
        try:
            try:
                if kind is None and self.frames:
                    self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()
            whole = kind is None and self.frames > 0
        finally:
            if not whole:
                self._path.unlink(missing_ok=True)
        if kind is None and not whole:
            raise GenerationError("a film without frames")


def recipe(width: int, height: int, fps: int) -> str:
    """All that the encoded bytes depend on beside the frames: what differs in it does not fit together."""
    library = ".".join(map(str, av.library_versions["libavcodec"]))
    options = " ".join(f"{name}={value}" for name, value in sorted(_options(fps).items()))
    return f"av {av.__version__} libavcodec {library} {width}x{height}@{fps} threads={THREADS} {options}"


def _options(fps: int) -> dict[str, str]:
    # veryfast/18 is the best picture that two cores encode faster than the networks can paint it; each
    # further frame of look-ahead costs 3 MB at 1080p and gains nothing that was seen
    return {
        "preset": "veryfast",
        "crf": "18",
        "profile": "high",
        "bf": "0",
        "rc-lookahead": "10",
        "g": str(KEYFRAME_EVERY_S * fps),
        "x264-params": X264,
        "flags": "+cgop+bitexact",
    }


def _h264_stream(container: av.container.OutputContainer, width: int, height: int, fps: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=fps, options=_options(fps))
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, fps)
    context.thread_count = THREADS
    context.color_range = ColorRange.MPEG
    context.colorspace = Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream
