import numpy as np
import pytest

from training.measures.quality import bright_dots, psnr, si_sdr, spectral_distance_db, ssim

RNG = np.random.default_rng(3)
FILM = RNG.integers(40, 200, (2, 32, 48, 3), dtype=np.uint8)


def test_psnr_is_that_of_its_definition() -> None:
    assert psnr(FILM, FILM) == 99.0
    assert psnr(FILM, FILM + np.uint8(10)) == pytest.approx(20 * np.log10(255 / 10))


def test_psnr_can_look_at_a_part() -> None:
    other, where = FILM.copy(), np.zeros(FILM.shape[:3], bool)
    other[:, :, :10] = 0
    where[:, :, 10:] = True
    assert psnr(FILM, other) < 15
    assert psnr(FILM, other, where) == 99.0
    with pytest.raises(ValueError, match="nothing is left"):
        psnr(FILM, other, ~where & where)


def test_shapes_must_agree() -> None:
    for measure in (psnr, ssim):
        with pytest.raises(ValueError, match="is not"):
            measure(FILM, FILM[:1])
    for measure in (si_sdr, spectral_distance_db):
        with pytest.raises(ValueError, match="is not"):
            measure(np.zeros(5, np.float32), np.zeros(4, np.float32))


def test_ssim_is_one_for_the_same_and_less_for_noise_than_for_light() -> None:
    assert ssim(FILM, FILM) == pytest.approx(1.0)
    noisy = np.clip(FILM + RNG.normal(0, 20, FILM.shape), 0, 255).astype(np.uint8)
    assert ssim(FILM, noisy) < ssim(FILM, FILM + np.uint8(20)) < 1


def test_bright_dots_are_counted_once_and_not_if_they_belong_there() -> None:
    film = np.full((2, 40, 40, 3), 90, np.uint8)
    dotted = film.copy()
    dotted[0, 10:12, 20:22] = 255
    dotted[1, 30, 5] = 230
    assert bright_dots(film) == 0
    assert bright_dots(dotted) == 2
    assert bright_dots(dotted, dotted) == 0
    large = film.copy()
    large[:, 10:20, 10:20] = 255
    assert bright_dots(large) == 0


def test_si_sdr_knows_no_level_and_falls_with_noise() -> None:
    tone = np.sin(np.arange(4800) / 20).astype(np.float32)
    hiss = RNG.standard_normal(4800).astype(np.float32)
    assert si_sdr(0.3 * tone, tone) > 60
    assert si_sdr(tone + 0.1 * hiss, tone) == pytest.approx(17, abs=1)
    with pytest.raises(ValueError, match="silent"):
        si_sdr(tone, 0 * tone)


def test_bands_do_not_hear_phase_but_level_and_pitch() -> None:
    time = np.arange(24_000) / 48_000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    turned = np.cos(2 * np.pi * 440 * time).astype(np.float32)
    higher = np.sin(2 * np.pi * 1760 * time).astype(np.float32)
    assert spectral_distance_db(turned, tone) < 0.5
    assert spectral_distance_db(0.5 * tone, tone) == pytest.approx(6, abs=0.5)
    assert spectral_distance_db(higher, tone) > 8
    assert spectral_distance_db(0 * tone, 0 * tone) == 0
