import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from services.families.moviegen.upsampler import PixelUpsampler, PixelUpsamplerParams, resize, to_planes

SMALL = PixelUpsamplerParams(width=8, blocks=1, fine_width=4)


@pytest.mark.parametrize(("height", "width"), [(108, 192), (192, 108), (144, 256), (50, 70)])
@torch.no_grad()
def test_planes_have_the_asked_size(height: int, width: int) -> None:
    luma, chroma = PixelUpsampler(SMALL)(torch.randn(2, 3, 18, 32), torch.tensor([height, width]))
    assert luma.shape == (2, 1, height, width)
    assert chroma.shape == (2, 2, height // 2, width // 2)


@torch.no_grad()
def test_fresh_network_is_bilinear() -> None:
    frames = torch.randn(1, 3, 6, 8)
    expected = F.interpolate(frames, scale_factor=8.0, mode="bilinear")
    torch.testing.assert_close(PixelUpsampler(SMALL).rgb(frames), expected)


@torch.no_grad()
def test_residual_reaches_each_pixel() -> None:
    torch.manual_seed(0)
    network = PixelUpsampler(SMALL)
    torch.nn.init.normal_(network.up4.weight)
    frames = torch.randn(1, 3, 6, 8)
    residual = network.rgb(frames) - F.interpolate(frames, scale_factor=8.0, mode="bilinear")
    assert residual.shape == (1, 3, 48, 64)
    assert (residual != 0).all()


# Codes of BT.709 in limited range, as in ITU-R BT.709 and BT.2111 bars at 100 %.
@pytest.mark.parametrize(
    ("rgb", "codes"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((1, 1, 1), (235, 128, 128)),
        ((1, 0, 0), (63, 102, 240)),
        ((0, 1, 0), (173, 42, 26)),
        ((0, 0, 1), (32, 240, 118)),
        ((1, 1, 0), (219, 16, 138)),
    ],
)
def test_colours_have_their_codes(rgb: tuple[int, ...], codes: tuple[int, ...]) -> None:
    frames = (2.0 * torch.tensor(rgb) - 1.0)[None, :, None, None].expand(1, 3, 4, 6)
    luma, chroma = to_planes(frames)
    found = (luma[0, 0, 3, 5], chroma[0, 0, 1, 2], chroma[0, 1, 1, 2])
    assert tuple(round(255 * float(code)) for code in found) == codes


def test_chroma_is_the_mean_of_four_pixels() -> None:
    frames = torch.rand(1, 3, 4, 6) * 2 - 1
    _, chroma = to_planes(frames)
    _, of_mean = to_planes(F.avg_pool2d(frames, 2).repeat_interleave(2, 2).repeat_interleave(2, 3))
    torch.testing.assert_close(chroma, of_mean)


@pytest.mark.parametrize("frames", [9.0 * torch.randn(1, 3, 8, 8), -9.0 * torch.ones(1, 3, 8, 8)])
@torch.no_grad()
def test_overshoot_stays_in_the_limited_range(frames: Tensor) -> None:
    luma, chroma = PixelUpsampler(SMALL)(frames, torch.tensor([64, 64]))
    assert luma.min() * 255 > 15.999
    assert luma.max() * 255 < 235.001
    assert chroma.min() * 255 > 15.999
    assert chroma.max() * 255 < 240.001


def test_resize_keeps_the_centre_of_a_ramp() -> None:
    ramp = torch.linspace(-1, 1, 64)[None, None, None].expand(1, 3, 64, 64)
    small = resize(ramp, 32, 32)
    torch.testing.assert_close(small[0, 0, 0], ramp[0, 0, 0].reshape(32, 2).mean(1))


@torch.no_grad()
def test_mini_costs_at_most_thirty_gflop_a_frame() -> None:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        PixelUpsampler(PixelUpsamplerParams()).rgb(torch.empty(1, 3, 144, 256))
    assert 10e9 < counter.get_total_flops() <= 30e9
