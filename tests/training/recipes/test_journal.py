import json
from pathlib import Path

import pytest

from training.recipes.journal import Journal


def test_where_no_one_watches_progress_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(tmp_path, "tae")
    journal.progress(0.5, step=3, loss=0.123456789)
    journal.tick(0.6)
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.endswith("s] part=0.5 step=3 loss=0.12346\n")
    row = json.loads((tmp_path / "tae.jsonl").read_text())
    assert row == {"elapsed_s": row["elapsed_s"], "part": 0.5, "step": 3, "loss": 0.12346}


def test_at_a_terminal_it_is_a_bar_and_other_lines_stand_above_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal(tmp_path, "tae")
    journal.bar = True
    journal.progress(0.5, step=3, loss=0.125)
    drawn = capsys.readouterr()
    assert drawn.out == ""
    assert "loss 0.125" in drawn.err
    journal.tick(0.6)
    assert capsys.readouterr().err == ""
    journal.ticked -= 1.0
    journal.tick(0.6)
    assert "60.0 %" in capsys.readouterr().err
    journal.write(psnr_db=20.0)
    assert capsys.readouterr().out.endswith("psnr_db=20.0\n")
    assert len((tmp_path / "tae.jsonl").read_text().splitlines()) == 2
