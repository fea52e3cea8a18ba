"""Latents of films under the frozen autoencoder, for recipes of networks that see them."""

import torch
from torch import Tensor, nn


class Encoding:
    """An encoder for inference; where its deep half says nothing, this is left out."""

    def __init__(self, encoder: nn.Module, on_gpu: bool) -> None:
        # A deep encoder runs in bfloat16, but its latents are normalized in float32.
        self.mean, self.std = (
            encoder.get_buffer(name).clone()[:, None, None, None] for name in ("mean", "std")
        )
        self.linear = not encoder.get_parameter("last.space.weight").any()
        self.encoder = encoder.bfloat16() if on_gpu and not self.linear else encoder

    @property
    def dtype(self) -> torch.dtype:
        """Of the films that it takes."""
        return next(self.encoder.parameters()).dtype

    def latents(self, video: Tensor) -> Tensor:
        """Normalized latents [B,C,T,h,w], float16, of a video [B,3,F,H,W] in [-1, 1]."""
        if self.linear:
            mean = self.encoder.get_submodule("blocks")(video, -(-video.shape[2] // 8))
        else:
            mean, _ = self.encoder.encode_moments(video)  # type: ignore[operator]
        latents: Tensor = ((mean.float() - self.mean) / self.std).half()
        return latents
