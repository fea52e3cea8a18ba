"""Pixel upsampler: frames to the wanted size, as planes of 8-bit limited-range video.

A one-step network of ours, small enough for a CPU; the paper's upsampler is a 7B video transformer
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
# Catmull-Rom's cubic at a quarter of a pixel before and after the middle one of five.
HALVES = (
    (-3 / 128, 29 / 128, 111 / 128, -9 / 128, 0.0),
    (0.0, -9 / 128, 111 / 128, 29 / 128, -3 / 128),
)
# The parabola through three pixels, at the centres of the middle one's quarters.
QUARTERS = tuple((x * (x - 1) / 2, 1 - x * x, x * (x + 1) / 2) for x in (-0.375, -0.125, 0.125, 0.375))
SLOPE = 0.1


@dataclass(frozen=True)
class PixelUpsamplerParams:
    """Shape of the network: channels at the frame's resolution and at twice that."""

    width: int = 48
    blocks: int = 8
    fine_width: int = 29


class UpsamplerBlock(nn.Module):
    """Two convolutions beside a skip, without norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x + self.conv2(F.leaky_relu(self.conv1(x), SLOPE))
        return y


class PixelUpsampler(nn.Module):
    """Eight times the size, from features at twice the size and the frame itself enlarged to that.

    What is learned is added to smooth interpolation, as which the network begins.
    """

    def __init__(self, params: PixelUpsamplerParams) -> None:
        super().__init__()
        self.params = params
        fine = params.fine_width
        self.first = nn.Conv2d(3, params.width, 3, padding=1)
        self.blocks = nn.Sequential(*(UpsamplerBlock(params.width) for _ in range(params.blocks)))
        self.up2 = nn.Conv2d(params.width, 4 * fine, 3, padding=1)
        self.up4 = nn.Conv2d(fine + 3, 3 * 16, 3)
        self._interpolate()

    def _interpolate(self) -> None:
        """Let the last layer pass the frame alone, interpolated."""
        nn.init.zeros_(self.up4.weight)
        nn.init.zeros_(self.up4.bias)  # type: ignore[arg-type]
        weights = _square(QUARTERS)
        with torch.no_grad():
            for colour in range(3):
                self.up4.weight[16 * colour : 16 * colour + 16, self.params.fine_width + colour] = weights

    def rgb(self, frames: Tensor) -> Tensor:
        """Frames [N,3,8h,8w], not clamped, of frames [N,3,h,w] in [-1, 1]."""
        x = self.blocks(self.first(frames))
        x = F.leaky_relu(self.up2(x), SLOPE)
        # One shuffle for both: it is among the costly steps.
        x = F.pixel_shuffle(torch.cat([x, twice(frames).to(x.dtype)], 1), 2)
        return F.pixel_shuffle(self.up4(F.pad(x, (1, 1, 1, 1), mode="replicate")), 4)

    def forward(self, frames: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Luma [N,1,H,W] and chroma [N,2,H/2,W/2], 8-bit code / 255, of frames [N,3,h,w] in [-1, 1].

        size int64 [2] is (H, W).
        """
        height, width = size.tolist()
        # Known to the exporter, which cannot look into `size`.
        torch._check(height >= 2)  # type: ignore[no-untyped-call]
        torch._check(width >= 2)  # type: ignore[no-untyped-call]
        return to_planes(resize(self.rgb(frames), height, width))


def _square(lines: tuple[tuple[float, ...], ...]) -> Tensor:
    """Weights [p*p,k,k] in both directions of p phases' weights [p,k] in one."""
    weights = torch.tensor(lines)
    return torch.einsum("ay,bx->abyx", weights, weights).flatten(0, 1)


def twice(frames: Tensor) -> Tensor:
    """Frames [N,12,h,w] of frames [N,3,h,w]: twice the size by Catmull-Rom, before `pixel_shuffle`."""
    colours = F.pad(frames, (2, 2, 2, 2), mode="replicate").flatten(0, 1)[:, None]
    return F.conv2d(colours, _square(HALVES).to(frames)[:, None]).reshape(len(frames), 12, *frames.shape[2:])


def resize(frames: Tensor, height: int, width: int) -> Tensor:
    """Bilinear interpolation, half-pixel centres, clamped to [-1, 1]."""
    return F.interpolate(frames, size=(height, width), mode="bilinear", align_corners=False).clamp(-1.0, 1.0)


def to_planes(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Luma [N,1,H,W] and chroma [N,2,H/2,W/2] of RGB frames [N,3,H,W] in [-1, 1].

    BT.709 in limited range, 16..235 and 16..240 of 255; chroma averaged over 2x2 pixels.
    """
    # RGB is (x + 1) / 2: its half goes into the weights, its offset only into luma (chroma weights sum to 0).
    # Luma is summed by planes, chroma's mean is in its weights: faster on a CPU than 1x1 convolutions.
    red, green, blue = (weight * 219.0 / 255.0 / 2.0 for weight in BT709[0])
    luma = frames[:, :1] * red + frames[:, 1:2] * green + frames[:, 2:] * blue + (16.0 + 219.0 / 2.0) / 255.0
    weights = torch.tensor(BT709[1:], dtype=frames.dtype, device=frames.device) * (224.0 / 255.0 / 2.0 / 4.0)
    chroma = F.conv2d(frames, weights[:, :, None, None].expand(2, 3, 2, 2), stride=2) + 128.0 / 255.0
    return luma, chroma
