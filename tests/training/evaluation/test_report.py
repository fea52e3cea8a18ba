from pathlib import Path

import pytest

from services.contract.errors import InputError
from training.evaluation.intervals import Estimate, share
from training.evaluation.report import Report, shown, within

REPORT = Report(
    {"scenes": 20, "weights": "abcd"},
    {
        "text": {"colour": share(19, 20), "count": share(9, 20)},
        "codec": {"SI-SDR": Estimate(13.0, 12.5, 13.5, 20)},
    },
)


def test_a_report_comes_back_from_its_file(tmp_path: Path) -> None:
    REPORT.write(tmp_path)
    assert Report.read(tmp_path / "table.json") == REPORT
    assert (tmp_path / "table.md").read_text() == REPORT.markdown()


def test_goals_are_reached_or_missed() -> None:
    lines = REPORT.markdown().splitlines()
    assert any("colour" in line and "95.0 %" in line and line.endswith("missed |") for line in lines)
    assert any("SI-SDR" in line and "13.0 dB" in line and line.endswith("reached |") for line in lines)


def test_two_reports_stand_side_by_side() -> None:
    worse = Report(
        {"scenes": 20, "weights": "ef01"},
        {"text": {"colour": share(3, 20), "count": share(10, 20)}, "other": {"x": share(1, 2)}},
    )
    text = REPORT.against(worse)
    assert "1 of 2 axes within the interval" in text
    assert "| text | colour | 95.0 % | 15.0 % | +80.0 % | changed |" in text
    assert "SI-SDR" not in text


def test_within_is_about_the_others_interval() -> None:
    wide, narrow = Estimate(0.5, 0.3, 0.7, 10), Estimate(0.6, 0.58, 0.62, 1000)
    assert within(narrow, wide)
    assert not within(wide, narrow)


def test_values_are_shown_in_their_units() -> None:
    assert shown("PSNR of frame 0", 28.25) == "28.2 dB"
    assert shown("SSIM", 0.95) == "0.950"
    assert shown("colour", 0.5) == "50.0 %"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"about": {}}', '{"about": {}, "sections": {"text": {"x": {}}}}']
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text)
    with pytest.raises(InputError, match="no table"):
        Report.read(path)
    with pytest.raises(InputError, match="no table"):
        Report.read(tmp_path / "none.json")
