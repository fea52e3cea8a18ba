from pathlib import Path

import pytest

from tests.chaos.outcome import Outcome
from tests.chaos.suite import Results, Settings


def test_finished_cases_are_found_again(tmp_path: Path) -> None:
    settings = Settings(tmp_path, seed=1, jobs=2)
    first, again = Results(settings), Results(settings)
    outcome = Outcome(case="one", accepted=2, completed=2, recoveries_s=[1.5])
    first.add(outcome)
    again.load()
    assert again.outcomes == {"one": outcome}


@pytest.mark.parametrize("change", [{"seed": 2}, {"jobs": 3}, {"quick": True}, {"without": "fencing"}])
def test_those_of_another_run_are_not_overwritten(tmp_path: Path, change: dict[str, object]) -> None:
    Results(Settings(tmp_path, seed=1, jobs=2)).add(Outcome(case="one"))
    other = Settings(**{"out": tmp_path, "seed": 1, "jobs": 2, **change})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="another run"):
        Results(other).load()
