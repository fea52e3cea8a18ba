"""A film's file as arrays."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from services.contract.errors import InputError

RATE = 48_000


@dataclass(frozen=True)
class Film:
    """`frames` uint8 [F,H,W,3] RGB, `fps`, and `sound` float32 [S] (mono, 48 kHz; empty: none)."""

    frames: NDArray[np.uint8]
    fps: float
    sound: NDArray[np.float32]


def read(path: Path) -> Film:
    """The film in an MP4, its sound as long as the picture. Raises InputError if missing or broken."""
    try:
        with av.open(str(path)) as container:
            picture = container.streams.video[0]
            rate = picture.average_rate
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(picture)]
        sound = _sound(path)
    except (OSError, IndexError, ValueError) as error:
        raise InputError(f"{path} is no film: {error}") from error
    if not frames or not rate:
        raise InputError(f"{path} has no picture")
    length = round(len(frames) / float(rate) * RATE)
    whole = np.zeros(length if sound.size else 0, np.float32)
    whole[: sound.size] = sound[:length]
    return Film(np.stack(frames), float(rate), whole)


def _sound(path: Path) -> NDArray[np.float32]:
    """Mono samples from time 0 on: what an encoder put before the start is left out."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(0, np.float32)
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        parts: list[NDArray[np.float32]] = []
        first: float | None = None
        for frame in container.decode(stream):
            first = frame.time if first is None else first
            parts += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
        parts += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    sound = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    early = round(-(first or 0.0) * RATE)
    return sound[early:] if early > 0 else np.pad(sound, (-early, 0))
