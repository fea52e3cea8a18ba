"""Pixel upsampler: frames to the wanted size, as planes of 8-bit limited-range video.

A one-step residual network of ours, small enough for a CPU; the paper's upsampler is a 7B video transformer
on latents (see `casts`). Shapes: N frames, h w their size, H W the wanted size, both even.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# ITU-R BT.709, table 4: weights of R, G, B in Y, Cb, Cr.
BT709 = (
    (0.2126, 0.7152, 0.0722),
    (-0.2126 / 1.8556, -0.7152 / 1.8556, 0.9278 / 1.8556),
    (0.7874 / 1.5748, -0.7152 / 1.5748, -0.0722 / 1.5748),
)


@dataclass(frozen=True)
class PixelUpsamplerParams:
    """Shape of the network: channels at the frame's resolution and at twice that."""

    width: int = 48
    blocks: int = 6
    fine_width: int = 24


class UpsamplerBlock(nn.Module):
    """Two convolutions beside a skip, without norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.conv2(F.silu(self.conv1(x)))
        return y


class PixelUpsampler(nn.Module):
    """Eight times the size: bilinear interpolation plus a learned residual, which starts at zero."""

    to_yuv: Tensor

    def __init__(self, params: PixelUpsamplerParams) -> None:
        super().__init__()
        self.params = params
        self.first = nn.Conv2d(3, params.width, 3, padding=1)
        self.blocks = nn.Sequential(*(UpsamplerBlock(params.width) for _ in range(params.blocks)))
        self.up2 = nn.Conv2d(params.width, 4 * params.fine_width, 3, padding=1)
        self.up4 = nn.Conv2d(params.fine_width, 16 * 3, 3, padding=1)
        nn.init.zeros_(self.up4.weight)
        nn.init.zeros_(self.up4.bias)  # type: ignore[arg-type]

    def rgb(self, frames: Tensor) -> Tensor:
        """Frames [N,3,8h,8w], not clamped, of frames [N,3,h,w] in [-1, 1]."""
        x = self.blocks(self.first(frames))
        x = F.silu(F.pixel_shuffle(self.up2(x), 2))
        residual = F.pixel_shuffle(self.up4(x), 4)
        return residual + F.interpolate(frames, scale_factor=8.0, mode="bilinear", align_corners=False)

    def forward(self, frames: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Luma [N,1,H,W] and chroma [N,2,H/2,W/2], 8-bit code / 255, of frames [N,3,h,w] in [-1, 1].

        size int64 [2] is (H, W).
        """
        height, width = size.tolist()
        # Known to the exporter, which cannot look into `size`.
        torch._check(height >= 2)  # type: ignore[no-untyped-call]
        torch._check(width >= 2)  # type: ignore[no-untyped-call]
        return to_planes(resize(self.rgb(frames), height, width))


def resize(frames: Tensor, height: int, width: int) -> Tensor:
    """Bilinear interpolation, half-pixel centres, clamped to [-1, 1]."""
    return F.interpolate(frames, size=(height, width), mode="bilinear", align_corners=False).clamp(-1.0, 1.0)


def to_planes(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Luma [N,1,H,W] and chroma [N,2,H/2,W/2] of RGB frames [N,3,H,W] in [-1, 1].

    BT.709 in limited range, 16..235 and 16..240 of 255; chroma averaged over 2x2 pixels.
    """
    weights = torch.tensor(BT709, dtype=frames.dtype, device=frames.device)[:, :, None, None]
    # RGB is (x + 1) / 2: its half goes into the weights, its offset only into luma (chroma weights sum to 0).
    luma = F.conv2d(frames, weights[:1] * (219.0 / 255.0 / 2.0)) + (16.0 + 219.0 / 2.0) / 255.0
    chroma = F.conv2d(F.avg_pool2d(frames, 2), weights[1:] * (224.0 / 255.0 / 2.0)) + 128.0 / 255.0
    return luma, chroma
