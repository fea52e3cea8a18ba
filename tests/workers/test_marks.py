"""A film is made by one cast, whoever replaces networks or workers while it is made."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from services.contract.errors import InferenceUnavailable
from services.contract.job import Job, Status
from services.jobs.ledger import Ledger
from tests.workers.conftest import CAST, spec
from tests.workers.conftest import Stage as FakeTriton
from workers import marks
from workers.marks import Makers, mark
from workers.render import Studio, Take, render
from workers.tasks import Desk, work

LONG = spec(seconds=6, steps=4)
TAKE = Take("video_1", 1, LONG)


def makers(fingerprint: str = "these") -> Makers:
    return Makers.at_work(lambda: fingerprint)


class Killed(BaseException):
    """The end of a worker that nobody catches."""


def killed(studio: Studio, stage: FakeTriton, name: str, number: int) -> None:
    """An attempt that ends at a call."""

    def die(call: str, at: int) -> None:
        if (call, at) == (name, number):
            raise Killed

    stage.on_call = die
    with pytest.raises(Killed):
        render(TAKE, studio, lambda progress: None)
    stage.on_call = lambda call, at: None


def test_a_mark_is_of_format_networks_and_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    known = makers().mark(CAST)
    assert makers().mark(CAST) == known
    others = [
        makers("those").mark(CAST),
        makers().mark(CAST.model_copy(update={"family": "f"})),
        mark("a", "b"),
    ]
    monkeypatch.setattr(marks, "FORMAT", marks.FORMAT + 1)
    others.append(makers().mark(CAST))
    assert len({known, *others}) == 5


def test_makers_that_were_replaced_are_noticed() -> None:
    words = iter(("these", "these", "those"))
    one = Makers.at_work(lambda: next(words))
    one.check()
    with pytest.raises(InferenceUnavailable, match="replaced"):
        one.check()


@pytest.mark.parametrize("change", ["networks", "manifest", "format"])
def test_what_others_left_is_made_anew_and_they_find_theirs_again(
    desk: Desk, stage: FakeTriton, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    killed(desk.studio, stage, "upsample", 70)
    studio = desk.studio
    with monkeypatch.context() as patch:
        match change:
            case "networks":
                stage.made_by = "those"
            case "manifest":
                studio = replace(studio, cast=CAST.model_copy(update={"family": "f"}))
            case "format":
                patch.setattr(marks, "FORMAT", marks.FORMAT + 1)
        frames: list[int] = []
        stage.on_call = lambda call, at: frames.append(at) if call == "upsample" else None
        render(replace(TAKE, attempt=2), studio, lambda progress: None)
    assert stage.video_orders[-1].start_step == 0
    assert frames == list(range(96))
    stage.made_by = "these"
    frames.clear()
    orders = len(stage.video_orders)
    render(replace(TAKE, attempt=3), desk.studio, lambda progress: None)
    assert len(stage.video_orders) == orders
    assert frames[0] == 64


@pytest.mark.parametrize(
    ("name", "number"), [("decode", 0), ("decode", 4), ("upsample", 40), ("decode_audio", 0)]
)
def test_networks_that_are_replaced_amid_a_film_make_it_wholly(
    desk: Desk, ledger: Ledger, stage: FakeTriton, name: str, number: int
) -> None:
    job = Job(id="video_1", tenant="t", spec=LONG, status=Status.QUEUED, created_at=1.0)
    ledger.create(job)
    by: list[tuple[str, str, int]] = []

    def replaced(call: str, at: int) -> None:
        if (call, at) == (name, number):
            stage.made_by = "those"
        by.append((stage.made_by, call, at))

    stage.on_call = replaced
    work(job.id, desk)
    row = ledger.find(job.id)
    assert row is not None
    assert row.status is Status.QUEUED
    wait_for(lambda: work(job.id, desk))
    row = ledger.find(job.id)
    assert row is not None
    assert row.status is Status.COMPLETED
    frames = [at for maker, call, at in by if (maker, call) == ("those", "upsample")]
    assert frames[-96:] == list(range(96))
    assert [order.start_step for order in stage.video_orders] == [0, 0]
    assert desk.studio.storage.page("snapshots") == []


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
