import itertools

import pytest

from services.sampling.schedule import linear, linear_quadratic


def test_default_schedule_has_the_known_times() -> None:
    times = linear_quadratic(50)
    known = {25: 0.1, 30: 0.152, 35: 0.268, 40: 0.448, 45: 0.692, 49: 0.933}
    assert len(times) == 51
    assert {i: round(times[i], 3) for i in known} == known


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 20, 50, 249, 250])
def test_times_rise_from_noise_to_data(steps: int) -> None:
    times = linear_quadratic(steps)
    assert (times[0], times[-1], len(times)) == (0.0, 1.0, steps + 1)
    assert all(later > earlier for earlier, later in itertools.pairwise(times))


def test_quadratic_goes_on_smoothly_from_the_linear_part() -> None:
    times = linear_quadratic(50)
    lengths = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert lengths[:25] == pytest.approx([1 / 250] * 25)
    growth = [later - earlier for earlier, later in itertools.pairwise(lengths[25:])]
    assert growth == pytest.approx([growth[0]] * len(growth))


@pytest.mark.parametrize(("steps", "linear_steps"), [(0, None), (251, None), (10, 0), (10, 10)])
def test_impossible_schedules_are_refused(steps: int, linear_steps: int | None) -> None:
    with pytest.raises(ValueError, match="steps"):
        linear_quadratic(steps, linear_steps)


def test_linear_is_even_and_refuses_no_steps() -> None:
    assert linear(4) == [0, 0.25, 0.5, 0.75, 1]
    with pytest.raises(ValueError, match="at least 1"):
        linear(0)
