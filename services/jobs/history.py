"""How long films take, learnt from finished ones, and when a job should be done.

A stage takes a time in proportion to its *units*: what grows with the order. Kept is a moving average of the
seconds per unit, by cast and stage.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.contract.job import Job, Progress, Stage, Status
from services.contract.spec import Spec
from services.jobs.rows import fields
from services.jobs.rules import Rules
from services.jobs.scripts import Scripts

WEIGHT = 0.3
SAMPLE = 128
"""How many of the jobs ahead are looked at one by one; the others count as the mean of those like them."""
LONGEST_WAIT_S, UNKNOWN_WAIT_S = 60, 15


def units(spec: Spec) -> dict[Stage, float]:
    """Amount of work per stage: pixels of the base size by frames and steps for ``sample``, pixels of the
    film for ``decode`` and ``mux``, seconds of the film for ``sound`` (0 when it is silent)."""
    base = spec.frames * spec.size.base_width * spec.size.base_height
    film = spec.frames * spec.size.width * spec.size.height
    return {
        Stage.ENCODE: 1.0,
        Stage.SAMPLE: float(base * spec.steps),
        Stage.DECODE: float(film),
        Stage.SOUND: float(spec.seconds if spec.audio else 0),
        Stage.MUX: float(film),
    }


@dataclass(frozen=True)
class Work:
    """Units of a job and how far it has come."""

    units: Mapping[Stage, float]
    progress: Progress | None

    def left_s(self, rates: Mapping[Stage, float]) -> float | None:
        """Seconds until it is done by itself; None where the rate of a stage is not known."""
        stages, seconds = list(Stage), 0.0
        current = stages.index(self.progress.stage) if self.progress else 0
        for at, stage in enumerate(stages[current:], current):
            if self.units[stage] == 0:
                continue
            if stage not in rates:
                return None
            share = _share_left(self.progress) if self.progress and at == current else 1.0
            seconds += rates[stage] * self.units[stage] * share
        return seconds


@dataclass(frozen=True)
class Crew:
    """Who is at work on a cast: for each job that was looked at the seconds until it is done, of as many
    ``workers``."""

    busy: Sequence[float]
    workers: int

    def start_s(self, ahead_s: float, own: "Own", slots: int) -> float:
        """Seconds until one takes the job that has ``ahead_s`` of work before it. Not before its tenant has
        less than ``slots`` at work."""
        # Where more run than were looked at, they are taken to be like those.
        share = max(1, len(self.busy)) / max(1, self.workers)
        start = _level(self.busy or [0.0], ahead_s * share)
        if len(own.busy) + own.count < slots:
            return start
        return max(start, _level([*own.busy, *[0.0] * (slots - len(own.busy))], own.ahead_s))


@dataclass(frozen=True)
class Own:
    """What a job's own tenant has at work, as seconds, and before it in its line: how many, with how much
    work."""

    busy: Sequence[float]
    count: int
    ahead_s: float


class History:
    """Measured rates in Redis."""

    def __init__(self, scripts: Scripts, rules: Rules) -> None:
        self._scripts, self._rules = scripts, rules

    def learn(self, spec: Spec, durations_s: Mapping[Stage, float]) -> None:
        """Take the stages of a film made in one attempt into the averages. Raises LedgerUnavailable."""
        amounts = units(spec)
        pairs = [(stage, durations_s[stage] / amounts[stage]) for stage in durations_s if amounts[stage] > 0]
        flat = [word for stage, rate in pairs for word in (stage.value, repr(rate))]
        if flat:
            self._scripts.run("learn", spec.cast, WEIGHT, *flat)

    def eta_s(self, job: Job) -> float | None:
        """Seconds until ``job`` is done, at the speed of finished films and with as many workers as are at
        work on its cast now. None where nothing like it was finished yet or it is final.
        Raises LedgerUnavailable."""
        if job.status.is_final:
            return None
        forecast = self._forecast(job.spec.cast, job.id)
        own = Work(units(job.spec), job.progress).left_s(forecast.rates)
        if own is None or job.status is Status.IN_PROGRESS:
            return own
        start = forecast.start_s(self._rules.max_running_per_tenant)
        return None if start is None else start + own

    def retry_after_s(self, cast: str, tenant: str | None) -> int:
        """When to ask again where there is no room in the queue: when the oldest of the tenant's queued jobs
        is to be taken, or for None any job. At most ``LONGEST_WAIT_S``: clients stand no longer waits, and a
        cancelled job makes room, too. Raises LedgerUnavailable."""
        forecast = self._forecast(cast, "" if tenant is None else f"oldest:{tenant}")
        start = forecast.start_s(self._rules.max_running_per_tenant) if forecast.workers else None
        return UNKNOWN_WAIT_S if start is None else max(1, min(LONGEST_WAIT_S, round(start)))

    def _forecast(self, cast: str, job_id: str) -> "_Forecast":
        reply = self._scripts.run("forecast", job_id, cast, SAMPLE, self._rules.as_json())
        rates, workers, running, own_running, groups, own_count, own_works = reply
        return _Forecast(
            rates={Stage(stage): float(rate) for stage, rate in fields(rates).items()},
            workers=int(workers),
            running=_works(running),
            own_running=_works(own_running),
            ahead=[(int(count), _works(some)) for count, some in groups],
            own_ahead=(int(own_count), _works(own_works)),
        )


@dataclass(frozen=True)
class _Forecast:
    """What runs and, as numbers with some of their works, what will be taken before a job."""

    rates: Mapping[Stage, float]
    workers: int
    running: Sequence[Work]
    own_running: Sequence[Work]
    ahead: Sequence[tuple[int, Sequence[Work]]]
    own_ahead: tuple[int, Sequence[Work]]

    def start_s(self, own_slots: int) -> float | None:
        """Seconds until a worker takes it. Not before its tenant has less than ``own_slots`` at work."""
        busy, own_busy = self._left_s(self.running), self._left_s(self.own_running)
        queue, own_queue = self._sum_s(self.ahead), self._sum_s([self.own_ahead])
        if busy is None or own_busy is None or queue is None or own_queue is None:
            return None
        own = Own(own_busy, self.own_ahead[0], own_queue)
        return Crew(busy, self.workers).start_s(queue, own, own_slots)

    def _left_s(self, works: Sequence[Work]) -> list[float] | None:
        left = [work.left_s(self.rates) for work in works]
        known = [seconds for seconds in left if seconds is not None]
        return known if len(known) == len(left) else None

    def _sum_s(self, groups: Sequence[tuple[int, Sequence[Work]]]) -> float | None:
        """Of groups of which none was looked at, each job counts as the mean of the others."""
        seconds, count, unseen = 0.0, 0, 0
        for number, works in groups:
            left = self._left_s(works)
            if left is None:
                return None
            if left:
                seconds, count = seconds + number * sum(left) / len(left), count + number
            else:
                unseen += number
        return seconds + unseen * seconds / max(1, count)


def _level(free_s: Sequence[float], work_s: float) -> float:
    """When the first worker has nothing left to do, where each is busy until its time in ``free_s`` and
    ``work_s`` more seconds of work are shared out evenly, as water finds its level."""
    times, sum_s = sorted(free_s), 0.0
    for count, (free, until) in enumerate(zip(times, [*times[1:], math.inf], strict=True), 1):
        sum_s += free
        if work_s <= count * until - sum_s:
            return (work_s + sum_s) / count
    raise AssertionError


def _share_left(progress: Progress) -> float:
    return 1 - progress.step / progress.total_steps if progress.total_steps else 1.0


@lru_cache(maxsize=512)
def read_units(amounts: bytes | str) -> Mapping[Stage, float]:
    """Units from JSON. Most jobs are like others: the same few texts come again and again."""
    return {Stage(stage): amount for stage, amount in json.loads(amounts).items()}


def _works(reply: Sequence[Sequence[bytes]]) -> list[Work]:
    return [
        Work(
            units=read_units(amounts),
            progress=Progress.model_validate_json(progress) if progress else None,
        )
        for amounts, progress in reply
    ]
