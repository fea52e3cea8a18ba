from pathlib import Path

from training.plan import PLAN, Run, Stage
from training.recipes.__main__ import RECIPES, order_of


def run_of(folder: Path, **more: object) -> Run:
    facts = {"out": folder / "out", "work": folder / "work", "device": "cpu", "cores": 16}
    return Run(**facts | more)  # type: ignore[arg-type]


def test_every_recipe_has_its_place_within_the_time(tmp_path: Path) -> None:
    assert {stage.recipe for stage in PLAN} == set(RECIPES)
    assert all(0 <= stage.start < stage.end <= 1 for stage in PLAN)
    assert run_of(tmp_path, budget_s=560.0).training_s == 525.0
    assert run_of(tmp_path, budget_s=60.0).training_s == 47.0
    assert run_of(tmp_path, budget_s=60.0, smoke=True).training_s == 45.0


def test_what_a_recipe_needs_is_made_by_one_that_needs_less() -> None:
    made: set[str] = set()
    left = list(PLAN)
    while left:
        able = [stage for stage in left if set(stage.needs) <= made]
        assert able
        made |= {network for stage in able for network in stage.networks}
        left = [stage for stage in left if stage not in able]


def test_every_recipe_has_steps_on_either_device(tmp_path: Path) -> None:
    for device in ("cpu", "cuda"):
        assert all(run_of(tmp_path, device=device).steps(stage) > 100 for stage in PLAN)
    assert run_of(tmp_path, steps_of={"tae": 7}).steps(PLAN[1]) == 7


def test_render_processes_fit_the_machine(tmp_path: Path) -> None:
    stage = Stage("tae", 0.0, 1.0, 7)
    assert run_of(tmp_path).workers(stage) == 7
    assert run_of(tmp_path, cores=2).workers(stage) == 1


def test_a_stage_leaves_the_device_to_others_where_there_are_others(tmp_path: Path) -> None:
    stage = Stage("codec", 0.0, 0.5, 3, 0.4)
    assert run_of(tmp_path, device="cuda").share(stage) == 0.4
    assert run_of(tmp_path, device="cuda", only=("codec",)).share(stage) == 1.0
    assert run_of(tmp_path, device="cpu").share(stage) == 1.0


def test_the_command_of_a_recipe_says_how_long_it_takes(tmp_path: Path) -> None:
    stage = Stage("codec", 0.0, 0.5, 3, 0.4, steps=(3, 4))
    command = run_of(tmp_path, budget_s=560.0, smoke=True).command(stage, 1000.0, True)
    assert command[1:4] == ["-m", "training.recipes", "codec"]
    assert command[command.index("--until") + 1] == "1210.0"
    assert {"--smoke", "--compile"} <= set(command)
    command = run_of(tmp_path, seed=5).command(stage, 1000.0, False)
    assert command[command.index("--steps") + 1] == "4"
    assert "--compile" not in command
    order = order_of([word for word in command[3:] if word != "--tied"])
    assert (order.steps, order.seed, order.workers, order.share) == (4, 5, 3, 1.0)
    command = run_of(tmp_path, repeat=tmp_path).command(stage, 1000.0, False)
    assert command[command.index("--repeat") + 1] == str(tmp_path)
