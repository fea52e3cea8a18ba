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


@pytest.mark.parametrize("width", [1, 2, 3, 5, 9])
def test_bright_dots_of_every_width_are_counted_against_a_reference(width: int) -> None:
    film = np.full((1, 48, 64, 3), 60, np.uint8)
    dotted = film.copy()
    dotted[:, 20 : 20 + width, 30 : 30 + width] = 200
    assert bright_dots(dotted, film) == 1


def test_an_edge_that_is_blunted_leaves_no_bright_dot() -> None:
    film = np.full((1, 40, 40, 3), 210, np.uint8)
    film[:, 10:30, 10:30] = 50
    blunted = film.copy()
    blunted[:, 10:12, 10:12] = 200
    assert bright_dots(blunted, film) == 0


def test_a_dot_of_the_reference_may_be_out_of_place_by_a_little() -> None:
    film = np.full((1, 40, 40, 3), 40, np.uint8)
    film[:, 10:12, 10:12] = 220
    assert bright_dots(np.roll(film, 1, 2), film) == 0
    assert bright_dots(np.roll(film, 12, 2), film) == 1


def test_a_sharper_film_with_spots_has_more_dots_than_a_blurred_one() -> None:
    film = np.full((4, 48, 64, 3), 60, np.uint8)
    film[:, 24:] = 150
    blurred = ((film.astype(int) + np.roll(film, 1, 1)) // 2).astype(np.uint8)
    spotted = blurred.copy()
    for number, column in enumerate(range(6, 60, 9)):
        spotted[number % 4, 8:10, column : column + 2] = 190
    assert bright_dots(blurred, film) == 0
    assert bright_dots(spotted, film) == 6


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
