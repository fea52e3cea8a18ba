import threading
import time
from collections.abc import Callable
from typing import cast

import pytest

from gateway import lookout
from gateway.lookout import Lookout
from gateway.services import Services
from services.contract.errors import LedgerUnavailable
from services.contract.job import Job, Status
from services.jobs.ledger import Ledger
from services.jobs.outlook import Estimate, Outlook


class Ledgerlike:
    """Counts looks; one job is in none of them."""

    def __init__(self) -> None:
        self.looks, self.alone = 0, 0
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def outlook(self) -> Outlook:
        self.looks += 1
        self.gate.wait(10)
        if self.error is not None:
            raise self.error
        return Outlook({}, {}, 1)

    def estimate(self, job: Job) -> Estimate:
        self.alone += 1
        return Estimate(7, None)


@pytest.fixture
def ledger() -> Ledgerlike:
    return Ledgerlike()


@pytest.fixture
def watching(ledger: Ledgerlike) -> Lookout:
    return Lookout(cast(Ledger, ledger))


@pytest.fixture
def job(make: Callable[..., str], services: Services) -> Job:
    found = services.ledger.find(make())
    assert found is not None
    return found


def in_threads(count: int, do: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=do) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_a_look_serves_all_who_ask_within_a_while(
    ledger: Ledgerlike, watching: Lookout, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "FRESH_S", 60)
    for _ in range(5):
        assert watching.seen(job) is None
    assert ledger.looks == 1
    monkeypatch.setattr(lookout, "FRESH_S", 0)
    monkeypatch.setattr(lookout, "SPARING", 0)
    again = Lookout(cast(Ledger, ledger))
    for _ in range(5):
        again.seen(job)
    assert ledger.looks == 6


def test_nobody_looks_unless_somebody_asks(ledger: Ledgerlike, watching: Lookout) -> None:
    time.sleep(2 * lookout.FRESH_S)
    assert ledger.looks == 0


def test_a_look_that_took_long_serves_longer(
    ledger: Ledgerlike, watching: Lookout, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "FRESH_S", 0)
    ledger.gate.clear()
    threading.Timer(0.2, ledger.gate.set).start()
    watching.seen(job)  # takes 0.2 s, so it serves 2 s
    time.sleep(0.5)
    watching.seen(job)
    assert ledger.looks == 1


def test_all_who_wait_get_one_answer_even_if_that_is_an_error(
    ledger: Ledgerlike, watching: Lookout, job: Job
) -> None:
    ledger.gate.clear()
    ledger.error = LedgerUnavailable("away")
    refused: list[str] = []

    def ask() -> None:
        try:
            watching.seen(job)
        except LedgerUnavailable as error:
            refused.append(str(error))

    threads = in_threads(8, ask)
    deadline = time.monotonic() + 10
    while ledger.looks == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    ledger.gate.set()
    for thread in threads:
        thread.join(10)
    assert (refused, ledger.looks) == (["away"] * 8, 1)
    ledger.error = None
    assert watching.seen(job) is None  # an error is not kept


def test_what_nobody_foresaw_keeps_nobody_waiting(ledger: Ledgerlike, watching: Lookout, job: Job) -> None:
    ledger.error = KeyError("broken")
    with pytest.raises(KeyError):
        watching.seen(job)
    ledger.error = None
    assert watching.seen(job) is None


def test_a_job_that_the_last_look_did_not_see_is_looked_up(
    ledger: Ledgerlike, watching: Lookout, job: Job
) -> None:
    assert watching.estimate(job) == Estimate(7, None)
    assert (ledger.looks, ledger.alone) == (1, 1)


def test_a_final_job_needs_no_look(ledger: Ledgerlike, watching: Lookout, job: Job) -> None:
    final = job.model_copy(update={"status": Status.COMPLETED})
    assert watching.estimate(final) == Estimate(None, None)
    assert (ledger.looks, ledger.alone) == (0, 0)
