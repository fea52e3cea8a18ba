import math

import pytest
import torch
from torch import Tensor

from services.families.moviegen.envelope_codec import RATE_HZ, BandPowers, EnvelopeCodecParams
from training.recipes.likeness import (
    COLOURS,
    NOTES,
    apart,
    aspects,
    colours,
    power,
    untuned,
)


def tone(frequency_hz: float, level: float = 0.5, seconds: float = 0.5) -> Tensor:
    time = torch.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return level * torch.sin(2 * math.pi * frequency_hz * time)[None]


def test_a_sound_is_nearest_to_itself_and_nearer_to_a_like_one() -> None:
    torch.manual_seed(0)
    one, other, far = tone(400), tone(402), 0.1 * torch.randn(1, RATE_HZ // 2)
    heard_one, heard_other, heard_far = (aspects(sound) for sound in (one, other, far))
    assert float(apart(heard_one, heard_one)) == 0.0
    assert 0.0 < float(apart(heard_other, heard_one)) < float(apart(heard_far, heard_one))


@pytest.mark.parametrize("note", [24, 36, 50])
def test_a_tone_is_the_note_it_is(note: int) -> None:
    loud = colours(power(tone(80 * 2 ** (note / 12), level=1.0), 8192), NOTES)[0, 6]
    assert int(loud.argmax()) == note
    assert float(loud[note] - loud[note + 2]) > 1.0


def test_silence_has_a_gradient() -> None:
    made = torch.zeros(1, 9600, requires_grad=True)
    distance = apart(aspects(made), aspects(tone(300, seconds=0.2)))
    distance.backward()  # type: ignore[no-untyped-call]
    assert made.grad is not None
    assert bool(made.grad.isfinite().all())


def test_a_tone_has_the_colour_of_its_band() -> None:
    loud = colours(power(tone(1000, level=1.0), 2048), COLOURS)[0, 10]
    place = int(40 * math.log(1000 / 50) / math.log(18_000 / 50))
    assert int(loud.argmax()) == place
    assert float(loud.max()) == pytest.approx(0.0, abs=0.25)
    assert float(colours(torch.zeros(1, 1025, 4), COLOURS).max()) == pytest.approx(-7.0, abs=1e-3)


@pytest.mark.parametrize("frequency_hz", [137.0, 145.0, 209.0, 450.0])
def test_a_tone_between_two_is_as_far_out_of_tune_as_it_is(frequency_hz: float) -> None:
    params = EnvelopeCodecParams()
    low = (params.split_hz - params.lowest_hz) // 25
    powers = BandPowers(params)(tone(frequency_hz, seconds=0.4)[:, None])[:, :low]
    offset, counts = untuned(powers)
    place = int(counts[0, :, 20].argmax())
    assert params.lowest_hz + 25 * place + float(offset[0, place, 20]) == pytest.approx(frequency_hz, abs=0.6)


def test_silence_is_in_no_tune() -> None:
    assert not untuned(torch.zeros(1, 38, 8))[1].any()
