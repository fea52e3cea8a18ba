import threading
import time

import pytest

from services.contract.errors import LedgerUnavailable
from workers.drain import Drain


def ended(grace_s: float) -> tuple[Drain, "list[int]", threading.Event]:
    codes: list[int] = []
    over = threading.Event()

    def end(code: int) -> None:
        codes.append(code)
        over.set()

    drain = Drain(grace_s, end)
    drain.start()
    return drain, codes, over


def test_who_outlives_the_grace_gives_the_job_back_and_ends() -> None:
    drain, codes, over = ended(0.2)
    given: list[float] = []
    with drain.holding(lambda: given.append(time.monotonic())):
        assert not drain.has_begun
        begun = time.monotonic()
        drain.begin()
        assert drain.has_begun
        assert over.wait(5)
    assert len(given) == 1
    assert given[0] - begun >= 0.2
    assert codes == [0]


def test_a_job_that_is_out_of_hand_is_not_given_back() -> None:
    drain, codes, over = ended(0.05)
    given: list[str] = []
    with drain.holding(lambda: given.append("back")):
        pass
    drain.begin()
    assert over.wait(5)
    assert (given, codes) == ([], [0])


def test_it_ends_even_if_the_ledger_is_away() -> None:
    drain, codes, over = ended(0.05)

    def away() -> None:
        raise LedgerUnavailable("gone")

    with drain.holding(away):
        drain.begin()
        assert over.wait(5)
    assert codes == [0]


@pytest.mark.parametrize("times", [1, 3])
def test_it_begins_once(times: int) -> None:
    drain, codes, over = ended(0.05)
    for _ in range(times):
        drain.begin()
    assert over.wait(5)
    time.sleep(0.15)
    assert codes == [0]


def test_without_a_watch_there_is_no_limit() -> None:
    drain = Drain(0, lambda code: pytest.fail("ended"))
    drain.begin()
    time.sleep(0.05)
    assert drain.has_begun
