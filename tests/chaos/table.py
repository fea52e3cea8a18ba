"""The table of a run, and why some cases are not in it."""

import math
from collections.abc import Iterable, Sequence

from tests.chaos.outcome import Outcome

NOT_RUN = {
    "clocks of other machines": "Redis's is set, workers' are wrong; the gateway's and receivers' are not",
    "versions that differ in more": "there is one so far: the other is this one that writes more fields, "
    "another format and other weights; new values of known fields (a stage, a status) are not understood",
    "child killed, parent alive": "a worker is one process with a thread for the job; it has no children",
    "packets lost on the way": "everything is on loopback: a wire that falls silent still acknowledges bytes",
    "several Tritons behind one address": "a worker has one; networks of two versions at once may mix there",
    "quota charged once": "there are no quotas yet",
    "partial uploads to a bucket": "the storage is a folder; its half-written files are in `disk full`",
}

HEAD = ("case", "jobs", "faults", "LOST", "DUP", "STUCK", "damaged", "left", "untold",
        "RESUMED", "steps anew", "recovery p50/p99 s", "took s", "")  # fmt: skip


def markdown(outcomes: Iterable[Outcome]) -> str:
    """A row for each case, the sums, and what did not run."""
    known = list(outcomes)
    rows = [one for one in known if not one.not_run]
    not_run = NOT_RUN | {one.case: one.not_run for one in known if one.not_run}
    lines = [_line(HEAD), _line(["---"] * len(HEAD)), *(_line(_row(one)) for one in rows)]
    lines.append(_line(_row(_total(rows))))
    for one in rows:
        lines += [f"\n{one.case}: did not see that {unmet}" for unmet in one.unmet]
    lines += ["", _line(("not run", "why")), _line(("---", "---")), *map(_line, not_run.items())]
    return "\n".join(lines)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of ``values`` do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _row(one: Outcome) -> list[str]:
    times = one.recoveries_s
    recovery = f"{quantile(times, 0.5):.1f} / {quantile(times, 0.99):.1f}" if times else ""
    counts = (
        *(one.accepted, one.faults, one.lost, one.duplicated, one.stuck),
        *(one.damaged, one.left, one.untold, one.resumed, one.recomputed),
    )
    return [one.case, *map(str, counts), recovery, f"{one.took_s:.0f}", "holds" if one.holds else "BROKEN"]


def _total(rows: Sequence[Outcome]) -> Outcome:
    total = Outcome(case="all")
    for one in rows:
        for name, value in one.model_dump(exclude={"case", "notes", "not_run"}).items():
            setattr(total, name, getattr(total, name) + value)
    return total


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
