"""Sound to AAC-LC, exactly as long as its picture."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from services.contract.errors import GenerationError

BIT_RATE = 128_000
_BLOCK = 1024  # samples of an AAC frame


def write_sound(waveform: NDArray[np.float32], path: Path, sample_rate: int, duration_s: float) -> None:
    """Write ``waveform`` (float32 [S], mono, -1..1) as an M4A of exactly ``duration_s`` seconds.

    A shorter waveform is followed by silence, a longer one cut; what is beyond full scale is clipped. The
    encoder's priming samples lie before time 0 and the file's edit list hides them. Raises GenerationError
    where the waveform is not finite float32 [S], ValueError where the duration is not positive.
    """
    if duration_s <= 0:
        raise ValueError(f"duration must be positive, not {duration_s}")
    if waveform.dtype != np.float32 or waveform.ndim != 1 or not np.isfinite(waveform).all():
        raise GenerationError(f"sound is not finite float32 [S]: {waveform.dtype} {waveform.shape}")
    samples = _fitted(waveform, round(duration_s * sample_rate))
    options = {"fflags": "+bitexact"}
    with av.open(path, "w", format="ipod", options=options) as container:
        stream = container.add_stream(
            "aac", rate=sample_rate, options={"profile": "aac_low", "flags": "+bitexact"}
        )
        stream.layout, stream.format, stream.bit_rate = "mono", "fltp", BIT_RATE
        for start in range(0, len(samples), _BLOCK):
            block = samples[None, start : start + _BLOCK]
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = sample_rate, start, Fraction(1, sample_rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _fitted(waveform: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    fitted = np.zeros(length, np.float32)
    kept = min(length, len(waveform))
    np.clip(waveform[:kept], -1.0, 1.0, out=fitted[:kept])
    return fitted
