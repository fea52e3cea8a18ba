import numpy as np
import pytest

from training.measures.outline import CELLS, NAMES, PERIOD, area_of, centre_of, crop, fit
from training.world.shapes import SHAPE


def drawn(name: str, angle: float, radius: float = 14.0) -> np.ndarray:
    y, x = np.mgrid[0:60, 0:60].astype(np.float32)
    x, y = (x - 30) / radius, (30 - y) / radius
    cos, sin = np.cos(angle), np.sin(angle)
    mask: np.ndarray = SHAPE[name]((cos * x + sin * y).astype("f"), (cos * y - sin * x).astype("f")) < 0
    return mask


def fitted(mask: np.ndarray) -> tuple[str, float, float]:
    rows, columns = np.nonzero(mask)
    fits = fit(crop(mask, float(columns.mean()), float(rows.mean()), float(mask.sum()))[None])
    best = int(fits.overlap[0].argmax())
    return NAMES[best], float(fits.angle[0, best]), float(fits.overlap[0, best])


@pytest.mark.parametrize("name", NAMES)
def test_every_shape_is_known_however_it_is_turned(name: str) -> None:
    for angle in (0.0, 0.3, 1.0, 2.4):
        found, turned, overlap = fitted(drawn(name, angle))
        assert found == name
        assert overlap > 0.85
        if PERIOD[name]:
            gap = (turned - angle + PERIOD[name] / 2) % PERIOD[name] - PERIOD[name] / 2
            assert abs(gap) < 0.12


def test_a_crop_holds_the_whole_shape() -> None:
    mask = drawn("star", 0.0)
    cover = crop(mask, 30, 30, float(mask.sum()))
    assert cover.shape == (CELLS**2,)
    assert cover.max() == pytest.approx(1.0)


def test_area_and_centre_are_those_of_the_shape() -> None:
    assert area_of("ball") == pytest.approx(np.pi, rel=0.01)
    right, up = centre_of("heart", np.array([0.0, np.pi], np.float32))
    assert right == pytest.approx(0.0, abs=0.01)
    assert up[0] == pytest.approx(-up[1], abs=1e-6)
