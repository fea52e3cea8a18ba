"""With a defence switched off the suite reports what is then lost: so it would see it."""

from pathlib import Path

import pytest

from tests.chaos import preload
from tests.chaos.cases import clocks, makers, orders, parts, updates
from tests.chaos.suite import Settings, run_case

CASES = {**makers.CASES, **orders.CASES, **parts.CASES, **clocks.CASES, **updates.CASES}
MATTERS = {
    "sweeper": ("worker killed: picture-step", "stuck"),
    "fencing": ("worker frozen past its lease", "duplicated"),
    "renewal": ("stage silent past the lease", "lost"),
    "fsync": ("redis killed, its disk slow", "lost"),
    "clock-watch": ("redis's clock an hour back", "stuck"),
    "mark": ("networks replaced amid films", "damaged"),
    "ledger-first": ("gateway killed after its answer", "lost"),
}


@pytest.mark.long
@pytest.mark.parametrize("defence", MATTERS)
def test_a_defence_is_missed(defence: str, tmp_path: Path) -> None:
    name, harm = MATTERS[defence]
    if defence == "fsync" and not preload.has_compiler():
        pytest.skip("a slow disk wants a C compiler")
    jobs = 16 if defence == "fsync" else 4
    settings = Settings(tmp_path, seed=1, jobs=jobs, quick=True, without=defence, patience_s=12)
    outcome = run_case(name, CASES[name], settings)
    assert getattr(outcome, harm) > 0, outcome
    assert not outcome.holds
