from pathlib import Path

from training.evaluation.intervals import share
from training.evaluation.join import joined
from training.evaluation.kept import Kept
from training.evaluation.tally import Tally


def tally(right: bool) -> Tally:
    tally = Tally()
    tally.right({"colour": right})
    return tally


def test_all_that_is_kept_is_in_the_table(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "abcd")
    for seed in range(3):
        kept.put("edit", seed, tally(seed < 2))
    kept.put("text", 0, tally(True))
    report = joined(kept, {"weights": "0123"}, print)
    assert report.sections == {"text": {"colour": share(1, 1)}, "edit": {"colour": share(2, 3)}}
    assert list(report.sections) == ["text", "edit"]
    assert report.about == {"scenes": 3, "weights": "0123", "measures": "abcd"}


def test_few_steps_are_compared_on_the_scenes_of_many(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "abcd")
    for seed in range(12):
        kept.put("text", seed, tally(seed >= 4))
    kept.put("250 steps", 20, tally(True))
    assert "50 steps against 250" not in joined(kept, {}, print).sections
    for seed in range(4):
        kept.put("250 steps", seed, tally(True))
    agreement = joined(kept, {}, print).sections["50 steps against 250"]
    assert agreement == {"axes within the interval": share(0, 1)}
    for seed in range(4):
        kept.put("text", seed, tally(True))
    assert joined(kept, {}, print).sections["50 steps against 250"]["axes within the interval"].value == 1


def test_what_other_code_measured_is_left_out_and_said(tmp_path: Path) -> None:
    Kept(tmp_path, "old").put("edit", 1, tally(True))
    lines: list[str] = []
    report = joined(Kept(tmp_path, "new"), {}, lines.append)
    assert report.sections == {}
    assert report.about["scenes"] == 0
    assert len(lines) == 1
    assert lines[0].startswith("edit: 1 scenes left out")
