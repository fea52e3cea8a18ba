import pytest

from services.webhooks.schedule import MAX_TRIES, pause_s


def pauses(draw: float) -> list[float]:
    found = (pause_s(tries, draw) for tries in range(1, MAX_TRIES))
    return [pause for pause in found if pause is not None]


def test_pauses_grow_fourfold_up_to_six_hours() -> None:
    expected = [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600, 21600]
    assert pauses(0.5) == pytest.approx(expected)


def test_the_tries_go_over_about_a_day() -> None:
    assert 20 * 3600 < sum(pauses(0)) < sum(pauses(0.5)) < sum(pauses(1)) < 31 * 3600


def test_pauses_are_drawn_around_their_length() -> None:
    assert pause_s(2, 0) == pytest.approx(16)
    assert pause_s(2, 1) == pytest.approx(24)


def test_after_the_last_try_there_is_none() -> None:
    assert pause_s(MAX_TRIES, 0.5) is None
    assert pause_s(MAX_TRIES + 1, 0.5) is None
