import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from services.families.moviegen.envelope_codec import (
    DETUNE_HZ,
    HOP,
    RATE_HZ,
    BandPowers,
    EnvelopeCodecParams,
    EnvelopeDecoder,
    EnvelopeEncoder,
    tones_hz,
)

SMALL = EnvelopeCodecParams(latent_channels=6, width=8, blocks=1, noises=3, top_hz=4000, max_latents=9)


def tone(frequency_hz: float, count: int) -> Tensor:
    time = torch.arange(count * HOP) / RATE_HZ
    return torch.sin(2 * math.pi * frequency_hz * time)[None, None]


@pytest.mark.parametrize(("batch", "latents"), [(1, 1), (2, 5)])
@torch.no_grad()
def test_1920_samples_are_one_latent_both_ways(batch: int, latents: int) -> None:
    encoded = EnvelopeEncoder(SMALL)(torch.randn(batch, 1, HOP * latents))
    assert encoded.shape == (batch, 6, latents)
    assert EnvelopeDecoder(SMALL)(encoded).shape == (batch, 1, HOP * latents)


@pytest.mark.parametrize("frequency_hz", [100, 500, 1700, 3300])
def test_a_tone_is_loudest_in_its_own_band(frequency_hz: int) -> None:
    powers = BandPowers(SMALL)(tone(frequency_hz, 5))[0, :, 10]
    nearest = min(tones_hz(SMALL), key=lambda f: abs(f - frequency_hz))
    assert tones_hz(SMALL)[int(powers.argmax())] == nearest
    # The power of a full tone is 1024, of silence 0.01; wide bands add what their windows spread (1.8 dB).
    assert float(powers.max()) == pytest.approx(math.log(1024 / 0.01), abs=0.45)


def test_silence_is_zero() -> None:
    powers = BandPowers(SMALL)(torch.zeros(1, 1, 2 * HOP))
    torch.testing.assert_close(powers, torch.zeros_like(powers), atol=1e-5, rtol=0)


def test_powers_do_not_hear_phase() -> None:
    time = torch.arange(4 * HOP) / RATE_HZ
    a, b = (torch.sin(2 * math.pi * 430 * time + phase)[None, None] for phase in (0.0, 1.0))
    powers = BandPowers(SMALL)
    torch.testing.assert_close(powers(a)[..., 4:-4], powers(b)[..., 4:-4], atol=0.05, rtol=0)


@torch.no_grad()
def test_a_click_is_heard_in_the_grain_where_it_is() -> None:
    waveform = torch.zeros(1, 1, 6 * HOP)
    waveform[..., 9 * 480 + 240] = 1.0
    high = BandPowers(SMALL)(waveform)[0, -5:].mean(0)
    assert int(high.argmax()) == 9


@torch.no_grad()
def test_latents_are_normalized_by_the_buffers_on_both_sides() -> None:
    torch.manual_seed(0)
    encoder, decoder = EnvelopeEncoder(SMALL), EnvelopeDecoder(SMALL)
    waveform = torch.randn(1, 1, 2 * HOP)
    raw = encoder(waveform)
    plain = decoder(raw)
    for module in (encoder, decoder):
        module.mean.copy_(torch.linspace(-1, 1, 6))
        module.std.copy_(torch.linspace(0.5, 2, 6))
    normalized = encoder(waveform)
    torch.testing.assert_close(normalized[:, 0], (raw[:, 0] + 1) / 0.5)
    torch.testing.assert_close(decoder(normalized), plain, atol=1e-5, rtol=1e-4)


def silent(decoder: EnvelopeDecoder) -> tuple[Tensor, Tensor, Tensor]:
    """Lets the network say silence; the biases of tones, of their tuning and of noise."""
    for layer in (decoder.first, decoder.levels):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.constant_(layer.get_parameter("bias"), -30.0)
    tones, tuning, noises = torch.split(decoder.levels.get_parameter("bias"), decoder.parts)
    tuning.zero_()
    return tones, tuning, noises


@torch.no_grad()
def test_a_steady_level_of_one_tone_is_that_tone_without_seams() -> None:
    decoder = EnvelopeDecoder(SMALL)
    tones, _, _ = silent(decoder)
    place = tones_hz(SMALL).index(200)
    tones[4 * place : 4 * place + 4] = math.log(0.5)
    waveform = decoder(torch.zeros(1, 6, 5))[0, 0, HOP:-HOP]
    spectrum = torch.fft.rfft(waveform).abs() * 2 / len(waveform)
    assert int(spectrum.argmax()) * RATE_HZ / len(waveform) == 200
    assert float(spectrum.max()) == pytest.approx(0.5, rel=1e-3)
    assert float(spectrum.square().sum()) == pytest.approx(0.25, rel=1e-3)


@torch.no_grad()
def test_a_low_tone_out_of_tune_has_the_pitch_that_it_is_told() -> None:
    decoder = EnvelopeDecoder(replace(SMALL, max_latents=50))
    tones, tuning, _ = silent(decoder)
    place = 4 * tones_hz(SMALL).index(200)
    tones[place : place + 4] = math.log(0.5)
    tuning[place : place + 4] = math.atanh(9.0 / DETUNE_HZ)
    waveform = decoder(torch.zeros(1, 6, 50))[0, 0]
    spectrum = torch.fft.rfft(waveform * torch.hann_window(len(waveform))).abs() * 4 / len(waveform)
    assert int(spectrum.argmax()) * RATE_HZ / len(waveform) == pytest.approx(209, abs=0.5)
    assert float(spectrum.max()) == pytest.approx(0.5, rel=0.05)


@torch.no_grad()
def test_steady_noise_does_not_repeat() -> None:
    decoder = EnvelopeDecoder(SMALL)
    silent(decoder)[2].fill_(math.log(0.1))
    waveform = decoder(torch.zeros(1, 6, 9))[0, 0]
    hops = waveform.reshape(9, HOP)[1:-1]
    similar = torch.corrcoef(hops) - torch.eye(7)
    assert float(waveform.std()) > 0.05
    assert float(similar.mean().abs()) < 0.25


@torch.no_grad()
def test_steady_sound_is_as_loud_at_its_edges_as_within() -> None:
    decoder = EnvelopeDecoder(SMALL)
    tones, _, noises = silent(decoder)
    noises.fill_(math.log(0.1))
    pieces = decoder(torch.zeros(1, 6, 9)).reshape(-1, 240).std(1)
    assert float(pieces.min()) > 0.6 * float(pieces.median())
    noises.fill_(-30.0)
    place = 4 * tones_hz(SMALL).index(1200)
    tones[place : place + 4] = math.log(0.5)
    pieces = decoder(torch.zeros(1, 6, 9)).reshape(-1, 240).std(1)
    assert float(pieces.min()) > 0.95 * float(pieces.max())


@torch.no_grad()
def test_waveform_stays_within_one() -> None:
    waveform = EnvelopeDecoder(SMALL)(1e3 * torch.randn(1, 6, 3))
    assert 0.5 < waveform.abs().max() <= 1.0
