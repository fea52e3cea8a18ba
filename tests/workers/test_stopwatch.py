import pytest

from services.contract.job import Stage
from workers.stopwatch import Stopwatch


def test_a_stage_lasts_until_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 2.0, 4.0, 9.0])
    monkeypatch.setattr("workers.stopwatch.time.monotonic", lambda: next(times))
    watch = Stopwatch()
    for stage in (Stage.ENCODE, Stage.SAMPLE, Stage.SAMPLE, Stage.DECODE):
        watch.at(stage)
    assert watch.durations_s() == {Stage.ENCODE: 1.0, Stage.SAMPLE: 7.0, Stage.DECODE: 0.0}
