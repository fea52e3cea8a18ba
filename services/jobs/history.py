"""How long films take, learnt from finished ones, and when a job should be done.

A stage takes a time in proportion to its *units*: what grows with the order. Kept is a moving average of the
seconds per unit, by cast and stage.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.contract.job import Job, Progress, Stage, Status
from services.contract.spec import Spec
from services.jobs.rows import fields
from services.jobs.scripts import Scripts

WEIGHT = 0.3
SAMPLE = 32
"""How many of the jobs ahead are looked at one by one; those behind them count as their mean."""


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


class History:
    """Measured rates in Redis."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def learn(self, spec: Spec, durations_s: Mapping[Stage, float]) -> None:
        """Take the stages of a film made in one attempt into the averages. Raises LedgerUnavailable."""
        amounts = units(spec)
        pairs = [(stage, durations_s[stage] / amounts[stage]) for stage in durations_s if amounts[stage] > 0]
        flat = [word for stage, rate in pairs for word in (stage.value, repr(rate))]
        if flat:
            self._scripts.run("learn", spec.cast, WEIGHT, *flat)

    def eta_s(self, job: Job) -> float | None:
        """Seconds until ``job`` is done, at the speed of finished films and with as many workers as are at
        work now. None where nothing like it was finished yet or it is final. Raises LedgerUnavailable."""
        if job.status.is_final:
            return None
        rates_row, position, running, busy, ahead = self._scripts.run(
            "forecast", job.id, job.spec.cast, SAMPLE
        )
        rates = {Stage(stage): float(rate) for stage, rate in fields(rates_row).items()}
        own = Work(units(job.spec), job.progress).left_s(rates)
        if own is None or job.status is Status.IN_PROGRESS:
            return own
        waits = [_total_s(_works(some), rates) for some in (busy, ahead)]
        if waits[0] is None or waits[1] is None:
            return None
        queue_s: float = waits[0] + waits[1] / max(1, len(ahead)) * max(0, position)
        return own + queue_s / max(1, int(running))


def _share_left(progress: Progress) -> float:
    return 1 - progress.step / progress.total_steps if progress.total_steps else 1.0


def _works(reply: Sequence[Sequence[bytes]]) -> list[Work]:
    return [
        Work(
            units={Stage(stage): amount for stage, amount in json.loads(amounts).items()},
            progress=Progress.model_validate_json(progress) if progress else None,
        )
        for amounts, progress in reply
    ]


def _total_s(works: Sequence[Work], rates: Mapping[Stage, float]) -> float | None:
    left = [work.left_s(rates) for work in works]
    known = [seconds for seconds in left if seconds is not None]
    return sum(known) if len(known) == len(left) else None
