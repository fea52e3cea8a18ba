"""Runs cases one after the other, each on processes of its own, and keeps what they came to."""

import json
import random
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from services.contract.cast import CastManifest
from services.contract.spec import VideoRequest, resolve
from services.storage.local import LocalStorage
from tests.chaos import film
from tests.chaos.audit import Expected, audit
from tests.chaos.client import Client
from tests.chaos.engine import FastEngine
from tests.chaos.outcome import Outcome
from tests.chaos.points import Points
from tests.chaos.processes import Stack, running
from tests.receiver import Receiver, receiving
from workers.render import Studio, Take, render
from workers.snapshots import Rhythm

QUICK: dict[str, str] = {"MOVIOLA_LEASE_S": "1.5", "MOVIOLA_SWEEP_EVERY_S": "0.5"}
"""For the short form. The long one has the leases of the defaults."""


@dataclass
class Run:
    """One case at work. ``jobs``: how many to order; ``quick``: with short leases."""

    folder: Path
    jobs: int
    random: random.Random
    receiver: Receiver
    quick: bool = False
    without: str = ""
    patience_s: float = 300.0
    outcome: Outcome = field(default_factory=lambda: Outcome(case=""))

    @property
    def lease_s(self) -> float:
        return 1.5 if self.quick else 10.0

    @property
    def seeds(self) -> list[int]:
        return list(range(self.jobs))

    def some(self, count: int) -> list[int]:
        """``count`` of the seeds, by chance; all if there are no more."""
        return sorted(self.random.sample(self.seeds, min(count, self.jobs)))

    def stack(
        self, workers: int = 2, each: Mapping[int, Mapping[str, str]] | None = None, **env: str
    ) -> AbstractContextManager[Stack]:
        """Running processes."""
        return running(self.stopped(workers, each, **env))

    def stopped(
        self, workers: int = 2, each: Mapping[int, Mapping[str, str]] | None = None, **env: str
    ) -> Stack:
        """Processes to be started."""
        all_env = (QUICK if self.quick else {}) | {"CHAOS_WITHOUT": self.without} | env
        return Stack(self.folder, workers, all_env, each or {})

    def client(self, stack: Stack, *, with_key: bool = True, seconds: int = 1) -> Client:
        """A client of ``stack`` whose orders name the receiver."""
        return Client(stack, self.receiver.url, with_key, seconds)

    def check(
        self,
        client: Client,
        *,
        failing: Mapping[int, str] | None = None,
        drain_s: float = 120.0,
        all_faults: bool = True,
        weights: Sequence[int] = (0,),
    ) -> None:
        """See whether the invariant holds, now that nothing breaks any more. ``all_faults``: each that was
        armed must have happened. ``weights``: with which a film may have been made, wholly."""
        client.stack.await_gateway()
        made = [undisturbed(self.folder / "undisturbed", client.seconds, one) for one in weights]
        films = {variant: {one[variant] for one in made} for variant in made[0]}
        audit(
            client,
            Expected(films, failing or {}, min(drain_s, self.patience_s)),
            self.receiver.received,
            self.outcome,
        )
        self.want(not all_faults or client.stack.points.left() == 0, "every fault happened")

    def want(self, seen: object, what: str) -> None:
        """The case is worth nothing unless ``what`` was seen."""
        if not seen:
            self.outcome.unmet.append(what)


class NotRun(Exception):
    """The case cannot be run here."""


Case = Callable[[Run], None]


@dataclass(frozen=True)
class Settings:
    """``jobs``: of each case. ``without``: defences to switch off. ``patience_s``: what is not final by then
    is stuck."""

    out: Path
    seed: int
    jobs: int
    quick: bool = False
    without: str = ""
    patience_s: float = 300.0


def run_case(name: str, case: Case, settings: Settings) -> Outcome:
    """Run one case on a fresh folder, and keep its logs only where the invariant did not hold."""
    folder = settings.out / "cases" / re.sub(r"\W+", "-", name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    with receiving() as receiver:
        chance = random.Random(f"{settings.seed} {name}")
        run = Run(folder, settings.jobs, chance, receiver, settings.quick, settings.without)
        run.patience_s = settings.patience_s
        run.outcome.case = name
        case(run)
    run.outcome.took_s = time.monotonic() - began
    if run.outcome.holds:
        shutil.rmtree(folder)
    return run.outcome


def undisturbed(folder: Path, seconds: int = 1, weights: int = 0) -> dict[int, str]:
    """SHA-256 of the film of each variant, made in one go in this process."""
    folder.mkdir(parents=True, exist_ok=True)
    cast = CastManifest.read(film.write_manifest(folder / "tiny.json"))
    engine, storage = FastEngine(Points(folder), weights=weights), LocalStorage(folder / "storage")
    studio = Studio(cast, engine, storage, folder, Rhythm(10**6, 0))  # type: ignore[arg-type]
    films = {}
    for variant in range(film.VARIANTS):
        request = VideoRequest.model_validate(film.order(variant, seconds))
        take = Take(f"video_{variant}", 1, resolve(request, cast, model=cast.name))
        films[variant] = render(take, studio, lambda progress: None).facts.sha256
    shutil.rmtree(folder)
    return films


@dataclass
class Results:
    """Finished cases, in ``results.json`` of a folder, all of one seed and size."""

    settings: Settings
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.settings.out / "results.json"

    @property
    def _kind(self) -> dict[str, int | bool | str]:
        about = self.settings
        return {"seed": about.seed, "jobs": about.jobs, "quick": about.quick, "without": about.without}

    def load(self) -> None:
        """Take up what an earlier run finished. Raises ValueError where that was of another kind."""
        if not self.path.exists():
            return
        kept = json.loads(self.path.read_text())
        if kept["kind"] != self._kind:
            raise ValueError(f"{self.path} is of another run: {kept['kind']}")
        self.outcomes = {one["case"]: Outcome.model_validate(one) for one in kept["cases"]}

    def add(self, outcome: Outcome) -> None:
        """Keep one more."""
        self.outcomes[outcome.case] = outcome
        cases = [one.model_dump() for one in self.outcomes.values()]
        kept = {"kind": self._kind, "cases": cases}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(kept, indent=1))
        fresh.replace(self.path)
