import threading
import time
from collections.abc import Callable

import pytest

from training.evaluation import crew
from training.evaluation.crew import Lane, work_off


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "MOMENT_S", 0.01)


def nothing() -> None:
    pass


def test_all_is_done_and_lanes_go_side_by_side() -> None:
    met = threading.Barrier(3)
    done: list[str] = []

    def piece(name: str) -> Callable[[], None]:
        def do() -> None:
            met.wait(10)  # Two of one lane and one of the other at a time, or nobody goes on.
            done.append(name)

        return do

    work_off([Lane(2, [piece("a"), piece("b")]), Lane(1, [piece("c")])], nothing)
    assert sorted(done) == ["a", "b", "c"]


def test_a_lane_is_as_wide_as_it_says() -> None:
    busy: list[int] = []
    most: list[int] = []

    def do() -> None:
        busy.append(1)
        most.append(len(busy))
        time.sleep(0.01)
        busy.pop()

    work_off([Lane(2, [do] * 8)], nothing)
    assert len(most) == 8
    assert max(most) == 2


def test_this_thread_attends_meanwhile() -> None:
    seen: list[threading.Thread] = []
    enough = threading.Event()

    def attend() -> None:
        seen.append(threading.current_thread())
        if len(seen) == 3:
            enough.set()

    work_off([Lane(1, [lambda: enough.wait(10) and None])], attend)
    assert set(seen) == {threading.current_thread()}
    assert len(seen) >= 3


@pytest.mark.parametrize("who", ["piece", "attendant"])
def test_who_fails_ends_it(who: str) -> None:
    def fail() -> None:
        raise ValueError("no more")

    begun: list[int] = []

    def slow() -> None:
        begun.append(1)
        time.sleep(0.05)

    first, attend = (fail, nothing) if who == "piece" else (slow, fail)
    with pytest.raises(ValueError, match="no more"):
        work_off([Lane(1, [first, *[slow] * 20])], attend)
    time.sleep(0.2)
    assert len(begun) < 5


def test_nothing_to_do_is_done() -> None:
    work_off([Lane(2, [])], nothing)
