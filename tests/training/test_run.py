import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from services.local.lock import held
from training.plan import Run, Stage
from training.run import Part, run_of, train


class Failing(Run):
    def command(self, stage: Stage, begin: float, compiled: bool) -> list[str]:
        return [sys.executable, "-c", "import sys; sys.exit('it broke')"]


class Working(Run):
    """Recipes that leave a mark for each network, and a line each time that they are run."""

    def command(self, stage: Stage, begin: float, compiled: bool) -> list[str]:
        marks = [str(self.work / f"{network}.done") for network in stage.networks]
        code = "import pathlib, sys; [pathlib.Path(p).touch() for p in sys.argv[2:]]"
        code += "; pathlib.Path(sys.argv[1]).open('a').write('run\\n')"
        return [sys.executable, "-S", "-c", code, str(self.work / f"{stage.recipe}.jsonl"), *marks]


def looked_after(part: Part) -> None:
    end = time.time() + 60
    while not part.over and time.time() < end:
        part.look()
        time.sleep(0.05)
    assert part.over


def test_a_recipe_that_fails_is_started_once_more(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = Failing(tmp_path, tmp_path, "cpu", 2, budget_s=60.0, compile=True)
    stage = Stage("tae", 0.0, 1.0, 1, networks=("video_encoder", "video_decoder"))
    part = Part(run, stage, time.time())
    (tmp_path / "video_encoder.safetensors").touch()
    looked_after(part)
    assert part.starts == 2
    assert not part.well
    assert (tmp_path / "video_encoder.done").exists()
    assert not (tmp_path / "video_decoder.done").exists()
    assert capfd.readouterr().out.count("it broke") >= 2


def test_a_run_packs_what_there_is_even_if_all_fails(tmp_path: Path) -> None:
    run = Failing(tmp_path / "out", tmp_path / "work", "cpu", 2, budget_s=20.0, only=("tae",))
    assert not train(run)
    assert list((tmp_path / "out").glob("*.part-aa"))


def test_by_steps_a_recipe_begins_when_what_it_needs_is_final(tmp_path: Path) -> None:
    run = Working(tmp_path, tmp_path, "cpu", 2)
    part = Part(run, Stage("upsampler", 0.0, 1.0, 1, needs=("video_decoder",)), 0.0)
    part.look()
    assert part.process is None
    (tmp_path / "video_decoder.done").touch()
    looked_after(part)
    assert part.well


def test_a_recipe_whose_needs_will_not_come_is_left_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not train(Failing(tmp_path, tmp_path, "cpu", 2, only=("tae", "upsampler")))
    assert "upsampler is left out: video_encoder, video_decoder will not come" in capfd.readouterr().out


def test_started_again_a_run_goes_on_with_what_has_not_ended(tmp_path: Path) -> None:
    only = ("tae", "codec")
    tae_alone = Working(tmp_path / "out", tmp_path / "work", "cpu", 2, only=("tae",))
    assert train(tae_alone)
    assert train(tae_alone)
    assert (tmp_path / "work" / "tae.jsonl").read_text() == "run\n"
    assert train(tae_alone, anew=True)
    assert (tmp_path / "work" / "tae.jsonl").read_text() == "run\nrun\n"
    assert train(Working(tmp_path / "out", tmp_path / "work", "cpu", 2, only=only))
    assert (tmp_path / "work" / "codec.jsonl").read_text() == "run\n"


def test_a_folder_holds_one_run_at_a_time(tmp_path: Path) -> None:
    run = Run(tmp_path / "out", tmp_path, "cpu", 2, only=("tae",))
    with held(tmp_path / "run.lock", "busy"), pytest.raises(ConfigurationError, match="another run"):
        train(run)


def test_recipes_do_not_outlive_the_run(tmp_path: Path) -> None:
    run = Run(tmp_path, tmp_path, "cpu", 2, only=("tae",))
    code = (
        "import sys, threading, time\n"
        "from training.recipes.__main__ import die_with_parent\n"
        "threading.Thread(target=die_with_parent, daemon=True).start()\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    assert "--tied" in run.command(run.stages[0], 0.0, False)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == b"up\n"
        child.stdin.close()
        assert child.wait(timeout=30) == -signal.SIGKILL


def test_the_command_line_says_steps_or_time_or_which_run_to_repeat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, anew = run_of(["--work", str(tmp_path), "--steps-of", "tae=5", "codec=6", "--device", "cpu"])
    assert (run.budget_s, run.steps_of, anew) == (None, {"tae": 5, "codec": 6}, False)
    assert run_of(["--budget-s", "60", "--anew"])[0].budget_s == 60.0
    for wrong in (
        ["--steps-of", "tae"],
        ["--budget-s", "9", "--repeat", "x"],
        ["--repeat", "x", "--steps-of", "tae=1"],
    ):
        with pytest.raises(SystemExit):
            run_of(wrong)
