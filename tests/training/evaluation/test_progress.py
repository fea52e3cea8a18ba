import pytest

from training.evaluation import progress
from training.evaluation.progress import Progress


def test_how_far_it_is_is_said_now_and_then_and_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    lines: list[str] = []
    counted = Progress(10, lines.append)
    for _ in range(10):
        now[0] += 6
        counted.one("edit", 7)
    assert len(lines) == 3
    assert lines[0] == "measured 4 of 10 after 24 s, last edit 7; about 1 minutes to go"
    assert lines[-1].startswith("measured 10 of 10 after 60 s")
