from collections.abc import Callable

import pytest

from gateway.schemas import Video
from gateway.services import Services
from gateway.views import poll_after_ms, view
from services.contract.job import Stage


@pytest.mark.parametrize(
    ("eta_s", "expected"), [(None, 1000), (0.5, 500), (60.0, 1500), (100.0, 2500), (86_400.0, 5000)]
)
def test_clients_ask_more_seldom_the_longer_it_takes(
    make: Callable[..., str], services: Services, eta_s: float | None, expected: int
) -> None:
    job = services.ledger.find(make())
    assert job
    assert poll_after_ms(Video.of(job, 0, eta_s)) == expected


@pytest.mark.usefixtures("at_once")
def test_the_estimate_comes_from_measured_films(make: Callable[..., str], services: Services) -> None:
    job = services.ledger.find(make())
    assert job
    assert view(job, services).eta_s is None
    services.ledger.learn(job.spec, dict.fromkeys(Stage, 2.0))
    assert view(job, services).eta_s == pytest.approx(10.0)
