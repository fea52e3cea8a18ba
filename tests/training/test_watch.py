from pathlib import Path

import pytest

from training import watch
from training.recipes.journal import Journal


def test_the_last_progress_of_a_journal_is_found_among_other_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watch.last(tmp_path / "tae.jsonl") == {}
    journal = Journal(tmp_path, "tae")
    journal.progress(0.25, step=3, loss=0.5)
    journal.progress(0.5, step=6, loss=0.25)
    journal.write(psnr_db=20.0)
    row = watch.last(tmp_path / "tae.jsonl")
    assert (row["part"], row["step"], row["loss"]) == (0.5, 6, 0.25)


def test_bars_take_the_place_of_those_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Journal(tmp_path, "tae").progress(0.25, step=3, loss=0.5)
    capsys.readouterr()
    bars = watch.Watch(tmp_path, ("tae", "codec"))
    bars.draw()
    assert capsys.readouterr().err == ""
    bars.on = True
    bars.draw()
    assert "tae        25.0 %" in capsys.readouterr().err
    bars.clear()
    assert capsys.readouterr().err == "\x1b[1F\x1b[J"
