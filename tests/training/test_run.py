import sys
import time
from pathlib import Path

import pytest

from training.recipes.__main__ import RECIPES
from training.run import PLAN, Part, Run, Stage, train


def run_of(folder: Path, **more: object) -> Run:
    facts = {"budget_s": 560.0, "out": folder / "out", "work": folder / "work", "device": "cpu", "cores": 16}
    return Run(**facts | {"seed": 0, "smoke": False, "compile": False, "only": ()} | more)  # type: ignore[arg-type]


def test_every_recipe_has_its_place_within_the_time(tmp_path: Path) -> None:
    assert {stage.recipe for stage in PLAN} == set(RECIPES)
    assert all(0 <= stage.start < stage.end <= 1 for stage in PLAN)
    assert run_of(tmp_path).training_s == 525.0
    assert run_of(tmp_path, budget_s=60.0).training_s == 47.0
    assert run_of(tmp_path, budget_s=60.0, smoke=True).training_s == 45.0


def test_render_processes_fit_the_machine(tmp_path: Path) -> None:
    stage = Stage("tae", 0.0, 1.0, 7)
    assert run_of(tmp_path).workers(stage) == 7
    assert run_of(tmp_path, cores=2).workers(stage) == 1


def test_the_command_of_a_recipe_names_its_end(tmp_path: Path) -> None:
    command = run_of(tmp_path, smoke=True).command(Stage("codec", 0.0, 0.5, 3, 0.4), 1000.0, True)
    assert command[1:4] == ["-m", "training.recipes", "codec"]
    assert command[command.index("--until") + 1] == "1210.0"
    assert {"--smoke", "--compile"} <= set(command)


class Failing(Run):
    def command(self, stage: Stage, begin: float, compiled: bool) -> list[str]:
        return [sys.executable, "-c", "import sys; sys.exit('it broke')"]


def test_a_recipe_that_fails_is_started_once_more(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = Failing(60.0, tmp_path, tmp_path, "cpu", 2, 0, False, True, ())
    stage = Stage("tae", 0.0, 1.0, 1, networks=("video_encoder", "video_decoder"))
    part = Part(run, stage, time.time())
    (tmp_path / "video_encoder.safetensors").touch()
    end = time.time() + 20
    while not part.over and time.time() < end:
        part.look()
        time.sleep(0.05)
    assert part.over
    assert part.starts == 2
    assert (tmp_path / "video_encoder.done").exists()
    assert not (tmp_path / "video_decoder.done").exists()
    assert capfd.readouterr().out.count("it broke") >= 2


def test_a_run_packs_what_there_is_even_if_all_fails(tmp_path: Path) -> None:
    run = Failing(20.0, tmp_path / "out", tmp_path / "work", "cpu", 2, 0, False, False, ("tae",))
    assert not train(run)
    assert list((tmp_path / "out").glob("*.part-aa"))
