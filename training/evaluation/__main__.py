"""`python -m training.evaluation`: films of held-out captions through the running stack, measured.

Films that are there already are not made again, nor scenes measured again: a run that was stopped goes on,
and the table has all that was measured in its folder, in however many runs.
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from services.contract.errors import MoviolaError
from services.local.stack import ROOT
from training.evaluation import sheet
from training.evaluation.asked import asked_digest
from training.evaluation.connection import Connection
from training.evaluation.crew import Lane, work_off
from training.evaluation.guard import Guard
from training.evaluation.join import joined
from training.evaluation.kept import Kept, measures_digest
from training.evaluation.networks import Networks
from training.evaluation.progress import Progress
from training.evaluation.report import Report
from training.evaluation.sections import SECTIONS, counts, portion
from training.evaluation.work import Work, scene_seeds

N = 20
# With one film in the making and one in the queue the stack never waits.
ORDERED = 2
TELLING = 8


def main(arguments: list[str]) -> None:
    """Make and measure what is missing, write table and sheet."""
    chosen = _parsed(arguments)
    if chosen.against and not chosen.sections and chosen.n is None:
        print(Report.read(chosen.out / "table.json").against(Report.read(chosen.against)), end="")
        return
    with Connection(chosen.url, chosen.out / "stack", _say) as connection:
        networks = Networks.of(ROOT)
        networks.threads = 1
        work = Work(chosen.out, networks, connection.client, chosen.seed, _say, chosen.guard.check)
        work.claim(chosen.asked)
        kept = Kept(chosen.out / "measured", measures_digest())
        _measure(work, kept, chosen, connection)
    report = joined(kept, {"weights": chosen.weights, "seed": chosen.seed}, _say)
    report.write(chosen.out)
    sheet.draw(work, N if chosen.n is None else chosen.n, chosen.out / "sheet.png")
    print(report.markdown(), end="")
    if chosen.against:
        beside = report.against(Report.read(chosen.against))
        (chosen.out / "against.md").write_text(beside)
        print(f"\n{beside}", end="")


def _parsed(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m training.evaluation", description=__doc__)
    parser.add_argument("--n", type=int, help=f"held-out scenes ({N}); 0: only join what was measured before")
    parser.add_argument("--out", type=Path, help="folder of the run (runs/eval/WEIGHTS-ASKED-SEED)")
    parser.add_argument("--against", type=Path, help="another table.json to stand beside")
    parser.add_argument("--url", help="gateway of a running stack; else one is started")
    parser.add_argument("--seed", type=int, default=0, help="chooses the scenes")
    parser.add_argument(
        "--sections", nargs="+", type=portion, default=[], metavar="NAME[=N]",
        help=f"only these, with a number of scenes of their own: {', '.join(SECTIONS)} (hyphens for spaces)",
    )  # fmt: skip
    parser.add_argument("--at-once", type=int, default=len(os.sched_getaffinity(0)), help="scenes (cores)")
    chosen = parser.parse_args(arguments)
    if (chosen.n or 0) < 0 or chosen.at_once < 1:
        parser.error("there are no fewer scenes than 0, and no fewer than 1 at once")
    networks = Networks.of(ROOT)
    chosen.guard = Guard(networks.folder)
    chosen.weights = networks.digest()
    chosen.asked = asked_digest(networks.cast, scene_seeds(chosen.seed, TELLING))
    if chosen.out is None:
        chosen.out = Path("runs/eval") / f"{chosen.weights}-{chosen.asked}-{chosen.seed}"
    return chosen


def _measure(work: Work, kept: Kept, chosen: Namespace, connection: Connection) -> None:
    """Measure the scenes that are missing: those whose films come from the API beside the others."""
    scenes = counts(N if chosen.n is None else chosen.n, chosen.sections)
    ordered = [name for name in scenes if SECTIONS[name].task in work.networks.cast.tasks]
    missing = [
        (name, seed)
        for place, seed in enumerate(work.scene_seeds(max(scenes.values())))
        for name, count in scenes.items()
        if place < count and not kept.has(name, seed)
    ]
    progress = Progress(len(missing), _say)

    def one(name: str, seed: int) -> None:
        tally = SECTIONS[name].measure(work, seed)
        work.check()
        kept.put(name, seed, tally)
        progress.one(name, seed)

    through_api = [partial(one, name, seed) for name, seed in missing if name in ordered]
    here = [partial(one, name, seed) for name, seed in missing if name not in ordered]
    work_off([Lane(ORDERED, through_api), Lane(chosen.at_once, here)], connection.attend)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except MoviolaError as error:
        sys.exit(f"evaluation: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
