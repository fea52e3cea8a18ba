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
def test_fresh_network_continues_a_ramp() -> None:
    rows, columns = (torch.arange(count) - (count - 1) / 2 for count in (9, 12))
    frames = (0.05 * rows[:, None] - 0.03 * columns).expand(1, 3, 9, 12)
    fine = PixelUpsampler(SMALL).rgb(frames)
    down, across = ((torch.arange(8 * count) - (8 * count - 1) / 2) / 8 for count in (9, 12))
    wanted = (0.05 * down[:, None] - 0.03 * across).expand(1, 3, 72, 96)
    inside = slice(24, -24)
    torch.testing.assert_close(fine[..., inside, inside], wanted[..., inside, inside])


@torch.no_grad()
def test_fresh_network_is_nearer_to_a_wave_than_bilinear_interpolation() -> None:
    def wave(count: int) -> Tensor:
        return torch.sin((torch.arange(count) + 0.5) / count * 8.0 * torch.pi).expand(1, 3, count, count)

    inside = slice(32, -32)
    smooth, plain = (
        (fine - wave(256))[..., inside, inside].square().mean()
        for fine in (PixelUpsampler(SMALL).rgb(wave(32)), F.interpolate(wave(32), size=256, mode="bilinear"))
    )
    assert smooth < 0.5 * plain


@torch.no_grad()
def test_one_colour_stays_to_the_rim() -> None:
    frames = torch.tensor([0.5, -0.25, 1.0])[None, :, None, None].expand(1, 3, 5, 7)
    fine = PixelUpsampler(SMALL).rgb(frames)
    torch.testing.assert_close(fine, frames[..., :1, :1].expand(1, 3, 40, 56))


@torch.no_grad()
def test_what_is_learned_reaches_each_pixel() -> None:
    torch.manual_seed(0)
    network = PixelUpsampler(SMALL)
    frames = torch.randn(1, 3, 6, 8)
    plain = network.rgb(frames)
    torch.nn.init.normal_(network.up4.weight)
    changed = network.rgb(frames)
    assert changed.shape == (1, 3, 48, 64)
    assert (changed != plain).all()


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
def test_mini_costs_at_most_thirty_five_gflop_a_frame() -> None:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        PixelUpsampler(PixelUpsamplerParams()).rgb(torch.empty(1, 3, 144, 256))
    assert 10e9 < counter.get_total_flops() <= 35e9
