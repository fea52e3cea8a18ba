"""``python -m tests.chaos``: run the cases, print the table, end with 1 where an invariant is broken.

Finished cases are kept in ``results.json`` of ``--out``: the same command again does the others only.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import httpx
import redis

from services.contract.errors import MoviolaError
from tests.chaos.cases import clocks, makers, orders, parts, real, updates, wires
from tests.chaos.client import NoAnswer
from tests.chaos.outcome import Outcome
from tests.chaos.suite import Case, NotRun, Results, Settings, run_case
from tests.chaos.table import markdown

CASES: dict[str, Case] = {
    **makers.CASES,
    **orders.CASES,
    **parts.CASES,
    **wires.CASES,
    **clocks.CASES,
    **updates.CASES,
    **real.CASES,
}
FEWEST = 4
BROKEN_OFF = (OSError, AssertionError, NoAnswer, MoviolaError, httpx.HTTPError, redis.RedisError)


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1000, help="over all cases (default: 1000)")
    parser.add_argument("--case", action="append", choices=CASES, metavar="NAME", help="may be repeated")
    parser.add_argument("--out", type=Path, help="default: a new folder")
    parser.add_argument("--quick", action="store_true", help="leases of 1.5 s")
    parser.add_argument("--without", default="", help="switch a defence off: see tests/chaos/weaken.py")
    parser.add_argument("--list", action="store_true", help="print the names of the cases")
    return parser.parse_args()


def main() -> int:
    """0 where everything held."""
    asked = arguments()
    if asked.list:
        print("\n".join(CASES))
        return 0
    names = asked.case or list(CASES)
    volume = max(1, sum(name not in real.CASES for name in names))
    each = max(FEWEST, -(-asked.jobs // volume))
    out = (asked.out or Path(tempfile.mkdtemp(prefix="moviola-chaos-"))).resolve()
    out.mkdir(parents=True, exist_ok=True)
    results = Results(Settings(out, asked.seed, each, asked.quick, asked.without))
    try:
        results.load()
    except ValueError as error:
        raise SystemExit(f"chaos: {error}; give another --out") from error
    for name in names:
        if name not in results.outcomes:
            say(f"{name} ...")
            outcome = attempt(name, results.settings)
            results.add(outcome)
            say(f"{name}: {'holds' if outcome.holds else 'BROKEN'}, {outcome.took_s:.0f} s")
    chosen = [results.outcomes[name] for name in names]
    table = markdown(chosen)
    (out / "table.md").write_text(table + "\n")
    print(table)
    print(f"\nseed {asked.seed}; results in {out}")
    return 0 if all(one.holds for one in chosen) else 1


def attempt(name: str, settings: Settings) -> Outcome:
    """A case that breaks off is a broken one; the others go on."""
    began = time.monotonic()
    try:
        return run_case(name, CASES[name], settings)
    except NotRun as why:
        return Outcome(case=name, not_run=str(why))
    except BROKEN_OFF as error:
        return Outcome(case=name, took_s=time.monotonic() - began, unmet=[f"it ran to its end: {error!r}"])


def say(line: str) -> None:
    """To whoever watches."""
    print(f"chaos: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
