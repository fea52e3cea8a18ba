"""The short form: some cases with few jobs and short leases. ``make chaos`` runs all of them."""

from pathlib import Path

import pytest

from tests.chaos.cases import makers, orders, parts
from tests.chaos.suite import Settings, run_case

CASES = {**makers.CASES, **orders.CASES, **parts.CASES}
CHOSEN = (
    "worker killed: picture-step",
    "worker frozen past its lease",
    "redis killed under load",
    "cancel and delete at any moment",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_nothing_is_lost(name: str, tmp_path: Path) -> None:
    outcome = run_case(name, CASES[name], Settings(tmp_path, seed=1, jobs=10, quick=True))
    assert outcome.holds, outcome
    assert outcome.accepted == 10
