import pytest
import torch

from services.families.moviegen.audio_codec import AudioCodecParams, AudioDecoder, AudioEncoder, Snake

SMALL = AudioCodecParams(encoder_width=4, decoder_width=32, latent_channels=6)


@pytest.mark.parametrize(("batch", "latents"), [(1, 1), (2, 5)])
@torch.no_grad()
def test_1920_samples_are_one_latent_both_ways(batch: int, latents: int) -> None:
    encoded = AudioEncoder(SMALL)(torch.randn(batch, 1, 1920 * latents))
    assert encoded.shape == (batch, 6, latents)
    assert AudioDecoder(SMALL)(encoded).shape == (batch, 1, 1920 * latents)


@torch.no_grad()
def test_waveform_stays_within_one() -> None:
    waveform = AudioDecoder(SMALL)(1e4 * torch.randn(1, 6, 3))
    assert 0.5 < waveform.abs().max() <= 1.0


@torch.no_grad()
def test_latents_are_normalized_by_the_buffers_on_both_sides() -> None:
    torch.manual_seed(0)
    encoder, decoder = AudioEncoder(SMALL), AudioDecoder(SMALL)
    waveform = torch.randn(1, 1, 3840)
    mean, log_variance = encoder.encode_moments(waveform)
    plain = decoder(mean)
    for module in (encoder, decoder):
        module.mean.copy_(torch.linspace(-1, 1, 6))
        module.std.copy_(torch.linspace(0.5, 2, 6))
    normalized = encoder(waveform)
    assert log_variance.shape == mean.shape
    torch.testing.assert_close(normalized[:, 0], (mean[:, 0] + 1) / 0.5)
    torch.testing.assert_close(decoder(normalized), plain, atol=1e-4, rtol=1e-4)


def test_snake_bends_as_its_paper_says() -> None:
    snake = Snake(1)
    torch.nn.init.constant_(snake.alpha, 2.0)
    x = torch.linspace(-3, 3, 7)[None, None]
    torch.testing.assert_close(snake(x), x + torch.sin(2 * x) ** 2 / 2)
