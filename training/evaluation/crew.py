"""Pieces of work done several at a time, while somebody attends to what they need."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

MOMENT_S = 0.3


@dataclass(frozen=True)
class Lane:
    """Pieces of work that begin in their order, `wide` of them at a time."""

    wide: int
    pieces: Sequence[Callable[[], None]]


def work_off(lanes: Sequence[Lane], attend: Callable[[], None]) -> None:
    """Do all pieces of all lanes in threads; `attend` is called again and again meanwhile, in this thread.

    Raises what the first piece that failed, or `attend`, raised: no other piece begins then, and those at
    hand are left to themselves.
    """
    over = threading.Event()
    crews = [ThreadPoolExecutor(lane.wide, "lane") for lane in lanes]
    try:
        waiting = {
            crew.submit(_do, piece, over)
            for crew, lane in zip(crews, lanes, strict=True)
            for piece in lane.pieces
        }
        _await(waiting, attend)
    finally:
        over.set()
        for crew in crews:
            crew.shutdown(wait=False, cancel_futures=True)


def _do(piece: Callable[[], None], over: threading.Event) -> None:
    """The piece, unless it is all over; and it is if this one fails."""
    if over.is_set():
        return
    done = False
    try:
        piece()
        done = True
    finally:
        if not done:
            over.set()


def _await(waiting: set[Future[None]], attend: Callable[[], None]) -> None:
    while waiting:
        attend()
        done, waiting = wait(waiting, MOMENT_S, FIRST_EXCEPTION)
        for one in done:
            one.result()
