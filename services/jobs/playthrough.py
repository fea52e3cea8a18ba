"""The queue played through beforehand: what ``lua/next.lua`` will take, by the tags of ``lua/turns.lua``."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.contract.job import Progress, Stage
from services.contract.spec import ServiceClass
from services.jobs.history import Crew, Work, read_units


class Facts(NamedTuple):
    """What never changes of a job. ``amounts`` are its units of work, as JSON."""

    tenant: str
    cast: str
    line: str
    amounts: str


class Place(NamedTuple):
    """How many are taken before a queued job with how much work, and of them its own tenant's in its line.
    Seconds are None where those of one are not known."""

    number: int
    seconds: float | None
    own_number: int = 0
    own_s: float | None = 0.0


class Crews(NamedTuple):
    """Who is at work on a cast. ``rates``: seconds per unit. ``busy``: seconds left of jobs that run, by
    tenant; None where those of one are not known."""

    rates: Mapping[Stage, float]
    busy: Mapping[str, Sequence[float]] | None
    crew: Crew


class Member(NamedTuple):
    """Who takes turns: the next at ``tag``, then one every ``step``. ``queue``: its jobs, each with a number
    that decides between members at one tag; the least is first."""

    tag: float
    step: float
    queue: Iterator[tuple[int, str]]


def play(members: Iterable[Member]) -> Iterator[str]:
    """Their jobs, in the order of turns."""
    heads = [(one.tag, *head, one) for one in members if (head := next(one.queue, None))]
    heapq.heapify(heads)
    while heads:
        tag, _, job_id, one = heads[0]
        yield job_id
        head = next(one.queue, None)
        if head:
            heapq.heapreplace(heads, (tag + one.step, *head, one))
        else:
            heapq.heappop(heads)


@dataclass
class _Sum:
    """Jobs that were passed."""

    number: int = 0
    seconds: float | None = 0.0

    def add(self, seconds: float | None) -> None:
        self.number += 1
        self.seconds = None if seconds is None or self.seconds is None else self.seconds + seconds


class Playthrough:
    """Of ``state``, the reply of ``lua/outlook.lua``. A job that is not among ``facts`` is gone meanwhile."""

    def __init__(self, state: Mapping[str, Any], facts: Mapping[str, Facts]) -> None:
        self._lines: Mapping[str, Mapping[str, Any]] = state["lines"]
        self._steps: Mapping[str, float] = defaultdict(lambda: state["step"], state["steps"])
        self._rates = {cast: _rates(list(words)) for cast, words in state["rates"].items()}
        self._seen = [job_id for job_id, _ in state["seen"] if job_id in facts]
        self._running: int = state["running"]
        self._paused = {job_id for job_id, _ in state["paused"]}
        begun = [entry for line in self._lines.values() for entry in line["begun"]]
        self._progress = dict([*state["seen"], *state["paused"], *begun])
        self._facts = facts
        self._rank = {job_id: rank for rank, job_id in enumerate(state["pending"]) if job_id in facts}
        self._waiting: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for job_id in self._rank:
            if job_id not in self._progress:
                self._waiting[facts[job_id].line][facts[job_id].tenant].append(job_id)
        self._whole_s: dict[tuple[str, str], float | None] = {}

    def crews(self) -> dict[str, Crews]:
        """By cast."""
        return {cast: self._crews(cast, rates) for cast, rates in self._rates.items()}

    def places(self) -> dict[str, Place]:
        """Of all queued jobs."""
        return {job_id: place for cast in self._rates for job_id, place in self._places(cast)}

    def _crews(self, cast: str, rates: Mapping[Stage, float]) -> Crews:
        busy: dict[str, list[float]] = defaultdict(list)
        jobs = [job_id for job_id in self._seen if self._facts[job_id].cast == cast]
        for job_id in jobs:
            left_s = self._left_s(job_id)
            if left_s is None:
                return Crews(rates, None, Crew([], 0))
            busy[self._facts[job_id].tenant].append(left_s)
        workers = math.ceil(len(jobs) * self._running / max(1, len(self._seen)))
        return Crews(rates, busy, Crew([left_s for some in busy.values() for left_s in some], workers))

    def _places(self, cast: str) -> Iterator[tuple[str, Place]]:
        passed, own = _Sum(), defaultdict[tuple[str, str], _Sum](_Sum)
        back = sorted(self._progress.keys() & self._rank.keys(), key=self._rank.__getitem__)
        for name in _lines_of(cast):
            for job_id in (job_id for job_id in back if self._facts[job_id].line == name):
                yield job_id, Place(passed.number, passed.seconds)
                if job_id not in self._paused:
                    passed.add(self._left_s(job_id))
        for job_id in play(self._classes(cast)):
            before = own[self._facts[job_id].line, self._facts[job_id].tenant]
            yield job_id, Place(passed.number, passed.seconds, before.number, before.seconds)
            left_s = self._left_s(job_id)
            passed.add(left_s)
            before.add(left_s)

    def _classes(self, cast: str) -> Iterator[Member]:
        for number, name in enumerate(_lines_of(cast)):
            if name in self._lines:
                line = self._lines[name]
                turns = play(self._tenants(list(line["wheel"]), self._waiting[name]))
                yield Member(float(line["tag"] or 0), line["step"], ((number, job_id) for job_id in turns))

    def _tenants(self, wheel: Sequence[str], waiting: Mapping[str, Sequence[str]]) -> Iterator[Member]:
        for tenant, tag in zip(wheel[::2], wheel[1::2], strict=True):
            queue = ((self._rank[job_id], job_id) for job_id in waiting.get(tenant, ()))
            yield Member(float(tag), self._steps[tenant], queue)

    def _left_s(self, job_id: str) -> float | None:
        facts, progress = self._facts[job_id], self._progress.get(job_id)
        if progress:
            work = Work(read_units(facts.amounts), Progress.model_validate_json(progress))
            return work.left_s(self._rates[facts.cast])
        like = facts.cast, facts.amounts
        if like not in self._whole_s:
            self._whole_s[like] = Work(read_units(facts.amounts), None).left_s(self._rates[facts.cast])
        return self._whole_s[like]


def _lines_of(cast: str) -> list[str]:
    return [f"{cast}.{one}" for one in ServiceClass]


def _rates(words: Sequence[str]) -> dict[Stage, float]:
    return {Stage(stage): float(rate) for stage, rate in zip(words[::2], words[1::2], strict=True)}
