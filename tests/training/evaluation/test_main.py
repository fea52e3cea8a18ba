from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from training.evaluation import __main__ as evaluation
from training.evaluation.intervals import share
from training.evaluation.report import Report
from training.evaluation.tally import Tally
from training.evaluation.work import Work


def section(right: int) -> evaluation.Section:
    def measure(_work: Work, n: int) -> Tally:
        tally = Tally()
        for k in range(n):
            tally.right({"colour": k < right})
        return tally

    return measure


@pytest.fixture(autouse=True)
def sections(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {name: section(10) for name in evaluation.SECTIONS}
    monkeypatch.setattr(evaluation, "SECTIONS", known)
    monkeypatch.setattr(evaluation.films, "from_words", section(3))


def test_a_run_writes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.main(["--n", "20", "--out", str(tmp_path)])
    report = Report.read(tmp_path / "table.json")
    assert report.sections["text"]["colour"] == share(10, 20)
    assert report.sections["guidance 1"]["colour"] == share(10, 10)
    assert report.sections["250 steps"]["colour"] == share(5, 5)
    assert report.sections["50 steps against 250"]["axes within the interval"] == share(1, 1)
    assert "| text | colour | 50.0 % |" in capsys.readouterr().out


def test_a_run_can_be_set_beside_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        evaluation.main(["--n", "8", "--out", str(folder), "--sections", "text"])
    evaluation.main(["--out", str(one), "--against", str(two / "table.json")])
    assert "1 of 1 axes within the interval" in capsys.readouterr().out


def test_a_folder_of_other_weights_is_refused(tmp_path: Path) -> None:
    evaluation.main(["--n", "4", "--out", str(tmp_path), "--sections", "text"])
    with pytest.raises(ConfigurationError, match="choose another"):
        evaluation.main(["--n", "4", "--out", str(tmp_path), "--seed", "1", "--sections", "text"])
