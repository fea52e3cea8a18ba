"""Features from the picture's rate to that of the sound."""

import numpy as np

from services.sampling.arrays import Floats


def resample(features: Floats, count: int, frames_per_latent: float) -> Floats:
    """``count`` features [count,D] out of one a frame [F,D], by linear interpolation between their middles.

    Latent j lasts from j to j + 1 times ``frames_per_latent`` frames. Before the middle of the first frame
    and after that of the last the nearest is taken. Raises ValueError without frames.
    """
    frames = len(features)
    if not frames:
        raise ValueError("there are no features to resample")
    position = ((np.arange(count) + 0.5) * frames_per_latent - 0.5).clip(0, frames - 1)
    before = np.floor(position).astype(np.int64)
    after = np.minimum(before + 1, frames - 1)
    share = (position - before).astype(np.float32)[:, None]
    return (1 - share) * features[before] + share * features[after]  # type: ignore[no-any-return]
