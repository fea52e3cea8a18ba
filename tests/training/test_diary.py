from dataclasses import replace
from pathlib import Path

import pytest
import torch

from services.contract.errors import ConfigurationError
from training.diary import opened
from training.plan import Run
from training.recipes.files import write_weights


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "out", tmp_path, "cpu", 2, only=("tae", "codec"))


def test_a_run_that_was_killed_goes_on_with_its_time_and_what_had_ended(run: Run) -> None:
    diary = opened(run, anew=False)
    diary.spent_s = 12.5
    diary.end("tae")
    later = opened(run, anew=False)
    assert (later.spent_s, later.ended) == (12.5, ["tae"])


def test_another_run_begins_only_when_the_one_before_has_ended(run: Run) -> None:
    diary = opened(run, anew=False)
    diary.end("tae")
    other = replace(run, seed=1)
    with pytest.raises(ConfigurationError, match="unfinished"):
        opened(other, anew=False)
    diary.end("codec")
    assert opened(other, anew=False).ended == []


def test_the_weights_at_the_beginning_are_known_later(run: Run) -> None:
    write_weights(run.work / "video_encoder.safetensors", {"w": torch.ones(2)})
    diary = opened(run, anew=False)
    diary.write()
    assert set(diary.began) == {"video_encoder"}
    write_weights(run.work / "video_encoder.safetensors", {"w": torch.zeros(2)})
    assert opened(run, anew=False).began == diary.began


def test_the_code_of_a_run_is_known_and_when_it_changed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for now, known in (("a", ["a"]), ("a", ["a"]), ("b", ["a", "b"])):
        monkeypatch.setattr("training.diary.code", lambda now=now: now)
        diary = opened(run, anew=False)
        diary.write()
        assert diary.codes == known


def test_anew_gives_up_what_was_begun(run: Run) -> None:
    opened(run, anew=False).end("tae")
    (run.work / "codec.state").touch()
    assert opened(run, anew=True).ended == []
    assert not (run.work / "codec.state").exists()


def test_a_run_by_the_clock_may_go_on_with_more_time(run: Run) -> None:
    opened(replace(run, budget_s=60.0), anew=False).end("tae")
    assert opened(replace(run, budget_s=90.0), anew=False).ended == ["tae"]
