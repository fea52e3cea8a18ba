"""Places in the queue and times of all jobs at once, from one look at the ledger.

The steps ``position`` and ``forecast`` answer for one job, and look at every tenant for it. Here Redis gives
no more than tags and ids, and the turns are played through: that costs less, and answers for all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.contract.job import Job, Status
from services.jobs.history import Own, Work, units
from services.jobs.playthrough import Crews, Facts, Place, Playthrough
from services.jobs.rules import Rules
from services.jobs.scripts import Scripts

SEEN = 512
"""How many of the running jobs are looked at one by one."""
CHUNK = 1000


class Estimate(NamedTuple):
    """``position``: how many are taken before it, None where it is not queued. ``eta_s``: seconds until it is
    done, None where nothing like it was finished yet or it is final."""

    position: int | None
    eta_s: float | None


@dataclass(frozen=True)
class Outlook:
    """The queue as it was at one moment. ``slots``: how many jobs of a tenant may run."""

    crews: Mapping[str, Crews]
    places: Mapping[str, Place]
    slots: int

    def estimate(self, job: Job) -> Estimate | None:
        """For a job that is not final, as its row is now. None where it was not known, or not queued, at that
        moment."""
        crews = self.crews.get(job.spec.cast)
        if crews is None:
            return None
        own_s = Work(units(job.spec), job.progress).left_s(crews.rates)
        if job.status is Status.IN_PROGRESS:
            return Estimate(None, own_s)
        place = self.places.get(job.id)
        if place is None:
            return None
        start_s = self._start_s(crews, job.tenant, place)
        return Estimate(place.number, None if start_s is None or own_s is None else start_s + own_s)

    def _start_s(self, crews: Crews, tenant: str, place: Place) -> float | None:
        if crews.busy is None or place.seconds is None or place.own_s is None:
            return None
        own = Own(crews.busy.get(tenant, ()), place.own_number, place.own_s)
        return crews.crew.start_s(place.seconds, own, self.slots)


class Outlooks:
    """Looks at the ledger. Remembers what never changes of the jobs that it saw last."""

    def __init__(self, scripts: Scripts, rules: Rules) -> None:
        self._scripts, self._rules = scripts, rules
        self._facts: Mapping[str, Facts] = {}

    def look(self) -> Outlook:
        """The queue now. Raises LedgerUnavailable."""
        (reply,) = self._scripts.run("outlook", SEEN, self._rules.as_json())
        state = json.loads(reply)
        self._facts = facts = self._known([*state["pending"], *(job_id for job_id, _ in state["seen"])])
        playthrough = Playthrough(state, facts)
        return Outlook(playthrough.crews(), playthrough.places(), self._rules.max_running_per_tenant)

    def _known(self, ids: Sequence[str]) -> Mapping[str, Facts]:
        """Facts of those that are still there."""
        before = self._facts
        facts = {job_id: before[job_id] for job_id in ids if job_id in before}
        new = [job_id for job_id in ids if job_id not in facts]
        for start in range(0, len(new), CHUNK):
            chunk = new[start : start + CHUNK]
            for job_id, words in zip(chunk, self._scripts.run("facts", json.dumps(chunk)), strict=True):
                if words:
                    facts[job_id] = Facts(*(word.decode() for word in words))
        return facts
