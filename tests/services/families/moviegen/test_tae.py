import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from services.families.moviegen.tae import TAEDecoder, TAEEncoder, TAEParams, TemporalConv

SMALL = TAEParams(widths=(8, 8, 16, 16), encoder_blocks=1, decoder_blocks=1, groups=4)


@pytest.mark.parametrize(
    ("frames", "latents"), [(1, 1), (2, 1), (7, 1), (8, 1), (9, 2), (16, 2), (17, 3), (32, 4)]
)
@torch.no_grad()
def test_encoder_rounds_time_up(frames: int, latents: int) -> None:
    encoded = TAEEncoder(SMALL)(torch.randn(1, 3, frames, 16, 24))
    assert encoded.shape == (1, 16, latents, 2, 3)


@pytest.mark.parametrize(("frames", "height", "width"), [(1, 2, 3), (3, 4, 2), (4, 3, 3)])
@torch.no_grad()
def test_decoder_gives_eight_frames_a_latent(frames: int, height: int, width: int) -> None:
    video = TAEDecoder(SMALL)(torch.randn(2, 16, frames, height, width))
    assert video.shape == (2, 3, 8 * frames, 8 * height, 8 * width)
    assert video.isfinite().all()


@torch.no_grad()
def test_squares_of_pixels_side_by_side_change_no_shape_and_cost_less() -> None:
    patched = TAEParams(widths=(8, 8, 16, 16), encoder_blocks=1, decoder_blocks=1, groups=4, patch=2)
    video, work = torch.randn(1, 3, 9, 16, 24), []
    for params in (SMALL, patched):
        with FlopCounterMode(display=False) as counter:
            latents = TAEEncoder(params)(video)
            assert latents.shape == (1, 16, 2, 2, 3)
            assert TAEDecoder(params)(latents).shape == (1, 3, 16, 16, 24)
        work.append(counter.get_total_flops())
    assert work[1] < 0.6 * work[0]


@torch.no_grad()
def test_tiles_of_a_batch_do_not_meet() -> None:
    torch.manual_seed(0)
    decoder, encoder = TAEDecoder(SMALL), TAEEncoder(SMALL)
    latents, video = torch.randn(3, 16, 2, 3, 4), torch.randn(3, 3, 9, 16, 24)
    torch.testing.assert_close(decoder(latents)[1:2], decoder(latents[1:2]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(encoder(video)[1:2], encoder(video[1:2]), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_fresh_deep_half_of_the_decoder_repeats_a_still() -> None:
    torch.manual_seed(0)
    still, decoder = torch.randn(1, 16, 1, 3, 4), TAEDecoder(SMALL)
    torch.nn.init.normal_(decoder.last.space.weight)
    torch.nn.init.zeros_(decoder.blocks.weight)
    video = decoder(still.expand(-1, -1, 4, -1, -1))
    assert video.std() > 0.1
    torch.testing.assert_close(video, video[:, :, :1].expand_as(video), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_latents_are_normalized_by_the_buffers_on_both_sides() -> None:
    torch.manual_seed(0)
    encoder, decoder = TAEEncoder(SMALL), TAEDecoder(SMALL)
    video = torch.randn(1, 3, 8, 16, 16)
    mean, log_variance = encoder.encode_moments(video)
    plain = decoder(mean)
    for module in (encoder, decoder):
        module.mean.copy_(torch.linspace(-1, 1, 16))
        module.std.copy_(torch.linspace(0.5, 2, 16))
    normalized = encoder(video)
    assert log_variance.shape == mean.shape
    torch.testing.assert_close(normalized[:, 0], (mean[:, 0] + 1) / 0.5)
    torch.testing.assert_close(decoder(normalized), plain, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [1, 2, 5])
@torch.no_grad()
def test_temporal_conv_is_a_convolution_over_time_with_repeated_ends(frames: int, stride: int) -> None:
    torch.manual_seed(0)
    conv = TemporalConv(4, stride)
    torch.nn.init.normal_(conv.mix.weight)
    x = torch.randn(2, frames, 4, 1, 1)
    signal = torch.nn.functional.pad(x[..., 0, 0].transpose(1, 2), (1, 1), mode="replicate")
    kernel = conv.mix.weight[..., 0, 0].reshape(4, 3, 4).transpose(1, 2)
    expected = torch.nn.functional.conv1d(signal, kernel, stride=stride).transpose(1, 2)
    torch.testing.assert_close(conv(x)[..., 0, 0], expected)


@torch.no_grad()
def test_temporal_conv_starts_as_the_identity() -> None:
    x = torch.randn(1, 5, 4, 2, 2)
    torch.testing.assert_close(TemporalConv(4)(x), x)


@torch.no_grad()
def test_mini_decoder_costs_at_most_six_gflop_a_frame() -> None:
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        TAEDecoder(TAEParams())(torch.empty(1, 16, 4, 18, 32))
    assert 1e9 < counter.get_total_flops() / 32 <= 6e9


@torch.no_grad()
def test_the_deep_halves_start_at_zero_beside_the_linear_ones() -> None:
    torch.manual_seed(0)
    encoder, decoder = TAEEncoder(SMALL), TAEDecoder(SMALL)
    video = torch.randn(1, 3, 11, 16, 16)
    latents = encoder(video)
    torch.testing.assert_close(latents, encoder.blocks(video, 2))
    torch.testing.assert_close(decoder(latents), decoder.blocks(latents))


@torch.no_grad()
def test_a_short_last_block_is_filled_with_the_last_frame() -> None:
    torch.manual_seed(0)
    encoder = TAEEncoder(SMALL)
    video = torch.randn(1, 3, 3, 8, 8)
    filled = torch.cat([video, video[:, :, 2:].expand(-1, -1, 5, -1, -1)], dim=2)
    torch.testing.assert_close(encoder.blocks(video, 1), encoder.blocks(filled, 1))
