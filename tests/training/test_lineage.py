from dataclasses import replace
from pathlib import Path

import pytest
import torch

from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from training import lineage
from training.lineage import Record
from training.plan import Run, Stage
from training.recipes.files import write_weights

STAGE = Stage("tae", 0.0, 1.0, 1, 1.0, ("video_encoder", "video_decoder"), ("text_encoder",), (1, 7))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "out", tmp_path, "cpu", 2, seed=5)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_shipped_says_how_it_came_to_be(network: str) -> None:
    weights = lineage.digest(checkpoint.read(lineage.ROOT / "model_repo" / network / "1"))
    found = lineage.ancestry(lineage.read(lineage.SHIPPED), network, weights)
    assert found
    assert found[-1].weights == weights
    # Each begins with nothing, or with weights that are told of as well.
    assert found[0].by_hand or found[0].began_with is None


def test_a_digest_is_of_weights_as_they_are_stored() -> None:
    torch.manual_seed(0)
    weights = {"a": torch.randn(3), "b": torch.randn(2, 2)}
    same = lineage.digest({"b": weights["b"].half().float(), "a": weights["a"]})
    assert lineage.digest(weights) == same
    assert lineage.digest(weights | {"a": weights["a"] + 0.01}) != same
    assert lineage.digest({"a": weights["a"], "c": weights["b"]}) != same


def test_a_stage_says_what_it_made_of_what(run: Run) -> None:
    for network in ("video_encoder", "text_encoder", "audio_encoder"):
        write_weights(run.work / f"{network}.safetensors", {"w": torch.full((2,), float(len(network)))})
    began = lineage.weights_in(run.work)
    write_weights(run.work / "video_encoder.safetensors", {"w": torch.zeros(2)})
    (made,) = lineage.made(run, STAGE, began, ["c0de", "c0ffee"])
    assert made.network == "video_encoder"
    assert made.began_with == began["video_encoder"] != made.weights
    assert made.on == {"text_encoder": began["text_encoder"]}
    assert (made.how["recipe"], made.how["seed"], made.how["steps"]) == ("tae", 5, 7)
    assert made.how["code"] == "c0de then c0ffee"


def test_steps_of_a_run_by_the_clock_are_those_it_wrote_down(run: Run) -> None:
    (run.work / "tae.pace").write_text('{"parts": [0.0, 0.4, 0.9], "encoded": []}')
    assert lineage.steps(run, STAGE) == 7
    assert lineage.steps(replace(run, budget_s=9.0), STAGE) == 3
    assert lineage.steps(replace(run, repeat=run.work), STAGE) == 3


def test_the_code_of_recipes_counts_and_that_of_other_things_does_not(tmp_path: Path) -> None:
    for name in ("training/recipes/tae.py", "gateway/app.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("1\n")
    before = lineage.code(tmp_path)
    assert len(before) == lineage.LETTERS
    (tmp_path / "gateway/app.py").write_text("2\n")
    assert lineage.code(tmp_path) == before
    (tmp_path / "training/recipes/tae.py").write_text("2\n")
    assert lineage.code(tmp_path) != before


def test_the_ancestry_goes_back_to_the_first(tmp_path: Path) -> None:
    records = [
        Record("codec", "a", by_hand="somehow"),
        Record("codec", "b", "a", {}, {"recipe": "codec", "steps": 3, "compile": False}),
        Record("other", "b", "x"),
        Record("codec", "c", "b"),
    ]
    path = tmp_path / "lineage.jsonl"
    assert lineage.read(path) == []
    lineage.add(path, records[:2])
    lineage.add(path, records[2:])
    assert lineage.read(path) == records
    found = lineage.ancestry(lineage.read(path), "codec", "c")
    assert [record.weights for record in found] == ["a", "b", "c"]
    assert lineage.ancestry(records, "codec", "z") == []
    assert "by hand: somehow" in found[0].sentence()
    assert found[1].sentence().splitlines()[1].strip() == "recipe=codec steps=3"


def test_the_command_tells_of_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    lineage.main(["visual_encoder"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "visual_encoder"
    assert len(said) > 1
