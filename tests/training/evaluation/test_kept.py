from dataclasses import replace
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from services.contract.errors import InputError
from training.evaluation.kept import TRAINING, Kept, measures_digest
from training.evaluation.tally import Tally


def tally(right: bool) -> Tally:
    tally = Tally()
    tally.right({"colour": right})
    return tally


def test_what_was_measured_is_kept_by_scene(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "measured", "abcd")
    assert kept.tallies("first frame") == {}
    kept.put("first frame", 12, tally(True))
    kept.put("first frame", 7, tally(False))
    assert kept.has("first frame", 7)
    assert not kept.has("first frame", 8)
    assert not kept.has("edit", 7)
    assert kept.tallies("first frame") == {7: tally(False), 12: tally(True)}
    assert list(kept.tallies("first frame")) == [7, 12]
    assert not list(tmp_path.rglob("*.part"))


def test_what_other_code_measured_is_not_there(tmp_path: Path) -> None:
    before = Kept(tmp_path, "abcd")
    before.put("edit", 7, tally(True))
    before.put("edit", 8, tally(True))
    now = replace(before, code="ef01")
    now.put("edit", 8, tally(False))
    assert (now.has("edit", 7), now.has("edit", 8)) == (False, True)
    assert now.tallies("edit") == {8: tally(False)}
    assert (now.outdated("edit"), now.outdated("text")) == (1, 0)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measures": "abcd"}'])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    kept = Kept(tmp_path, "abcd")
    kept.put("edit", 7, tally(True))
    (tmp_path / "edit" / "7.json").write_text(text)
    with pytest.raises(InputError, match="no result"):
        kept.tallies("edit")


def test_the_code_has_a_name_that_changes_with_it(tmp_path: Path) -> None:
    copy = tmp_path / "training"
    copytree(TRAINING, copy, ignore=ignore_patterns("recipes", "baseline", "__pycache__"))
    assert measures_digest(copy) == measures_digest()
    (copy / "evaluation" / "sheet.py").write_text("")
    assert measures_digest(copy) == measures_digest()
    for file in ("evaluation/axes.py", "measures/ears.json", "world/scene.py"):
        before = measures_digest(copy)
        (copy / file).write_text("")
        assert measures_digest(copy) != before
