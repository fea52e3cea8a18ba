from dataclasses import replace
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError, GenerationError
from training.evaluation import __main__ as evaluation
from training.evaluation import sections
from training.evaluation.guard import Guard
from training.evaluation.intervals import share
from training.evaluation.networks import Networks
from training.evaluation.report import Report
from training.evaluation.tally import Tally
from training.evaluation.work import Work

MEASURED: list[int] = []


def tell(_work: Work, seed: int) -> Tally:
    """Right in every second scene."""
    MEASURED.append(seed)
    tally = Tally()
    tally.right({"colour": seed % 2 == 0})
    return tally


def stumble(_work: Work, seed: int) -> Tally:
    if seed % 10 == 5:
        raise GenerationError(f"scene {seed} went wrong")
    return tell(_work, seed)


def measured_by(monkeypatch: pytest.MonkeyPatch, **measures: object) -> None:
    for name, one in sections.SECTIONS.items():
        measure = measures.get(name, tell)
        section = replace(one, measure=measure)  # type: ignore[arg-type]
        monkeypatch.setitem(evaluation.SECTIONS, name, section)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    MEASURED.clear()
    monkeypatch.setattr(Networks, "digest", lambda _self: "01234567")
    monkeypatch.setattr(evaluation, "asked_digest", lambda _cast, _seeds: "abcd")
    measured_by(monkeypatch)


def test_a_run_writes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation.main(["--n", "20", "--out", str(tmp_path)])
    report = Report.read(tmp_path / "table.json")
    assert list(report.sections) == [*sections.counts(20, []), "50 steps against 250"]
    assert report.sections["text"]["colour"] == share(10, 20)
    assert report.sections["guidance 1"]["colour"] == share(5, 10)
    assert report.sections["250 steps"]["colour"] == share(3, 5)
    assert report.sections["50 steps against 250"]["axes within the interval"] == share(1, 1)
    assert (report.about["scenes"], report.about["seed"]) == (20, 0)
    assert "| text | colour | 50.0 % |" in capsys.readouterr().out


def test_a_run_that_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_by(monkeypatch, edit=stumble)
    run = ["--n", "12", "--out", str(tmp_path), "--sections", "edit", "codec", "--at-once", "1"]
    with pytest.raises(GenerationError, match="went wrong"):
        evaluation.main(run)
    assert not (tmp_path / "table.json").exists()
    before = list(MEASURED)
    assert len(before) == 10  # Five scenes of both, in turn.
    measured_by(monkeypatch)
    evaluation.main(run)
    assert len(MEASURED) == 24
    assert sorted(MEASURED) == sorted([*work_seeds(12), *work_seeds(12)])
    assert Report.read(tmp_path / "table.json").sections["edit"]["colour"] == share(6, 12)


def work_seeds(n: int) -> range:
    return evaluation.scene_seeds(0, n)


def test_runs_on_one_folder_join(tmp_path: Path) -> None:
    for part in (["edit=3", "codec"], ["edit=8"], ["text"]):
        evaluation.main(["--n", "6", "--out", str(tmp_path), "--sections", *part])
    assert len(MEASURED) == 8 + 6 + 6
    evaluation.main(["--n", "0", "--out", str(tmp_path)])
    assert len(MEASURED) == 20
    found = Report.read(tmp_path / "table.json").sections
    assert {name: axes["colour"].n for name, axes in found.items()} == {"text": 6, "edit": 8, "codec": 6}


def test_a_run_can_be_set_beside_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        evaluation.main(["--n", "8", "--out", str(folder), "--sections", "text"])
    measured = len(MEASURED)
    evaluation.main(["--out", str(one), "--against", str(two / "table.json")])
    assert "1 of 1 axes within the interval" in capsys.readouterr().out
    assert len(MEASURED) == measured


def test_a_folder_of_other_weights_is_refused(tmp_path: Path) -> None:
    evaluation.main(["--n", "4", "--out", str(tmp_path), "--sections", "text"])
    with pytest.raises(ConfigurationError, match="choose another"):
        evaluation.main(["--n", "4", "--out", str(tmp_path), "--seed", "1", "--sections", "text"])


def test_networks_that_are_replaced_meanwhile_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exported(work: Work, seed: int) -> Tally:
        if seed % 10 == 2:
            monkeypatch.setattr(Guard, "_look", lambda _self: [])
        return tell(work, seed)

    measured_by(monkeypatch, edit=exported)
    with pytest.raises(ConfigurationError, match="replaced meanwhile"):
        evaluation.main(["--n", "4", "--out", str(tmp_path), "--sections", "edit", "--at-once", "1"])
    assert [path.stem for path in sorted(tmp_path.glob("measured/edit/*"))] == ["700000", "700001"]


@pytest.mark.parametrize("wrong", [["--n", "-1"], ["--at-once", "0"], ["--sections", "edits"]])
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluation.main(wrong)
    assert "error" in capsys.readouterr().err
