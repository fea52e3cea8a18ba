"""How weights came to be: `python -m training.lineage [NETWORK...]` tells it of those in the repository.

When a recipe ends, the run writes down what it made, of what and how (`lineage.jsonl` in its folder). What is
shipped (`training.ship`) brings its record along, so that all that recipes have made can be made again.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from training.plan import Run, Stage

ROOT = Path(__file__).parents[1]
SHIPPED = Path(__file__).with_suffix(".jsonl")
NAME = "lineage.jsonl"
CODE = ("training/recipes", "training/world", "services/families")
LETTERS = 16


@dataclass(frozen=True)
class Record:
    """What one network is: digest of its weights, and of those that its recipe began with and stood on.

    `how` are the options of the run; `by_hand` says how weights came to be that no recipe has made.
    """

    network: str
    weights: str
    began_with: str | None = None
    on: Mapping[str, str] = field(default_factory=dict)
    how: Mapping[str, Any] = field(default_factory=dict)
    by_hand: str = ""

    def line(self) -> str:
        """As a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    def sentence(self) -> str:
        """For people."""
        if self.by_hand:
            return f"{self.weights}  by hand: {self.by_hand}"
        how = " ".join(f"{name}={value}" for name, value in self.how.items() if value not in (None, False))
        on = "".join(f"; on {network} {weights}" for network, weights in self.on.items())
        return f"{self.weights}  from {self.began_with or 'nothing'}{on}\n    {how}"


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Sixteen letters for weights as they are stored, in float16."""
    total = sha256()
    for name, tensor in sorted(checkpoint.rounded(tensors).items()):
        total.update(f"{name}{tuple(tensor.shape)}".encode())
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()[:LETTERS]


def weights_in(work: Path) -> dict[str, str]:
    """Digests of the checkpoints in a folder, by network."""
    paths = {network: work / f"{network}.safetensors" for network in NETWORKS}
    return {name: digest(checkpoint.read(path)) for name, path in paths.items() if path.exists()}


def made(run: Run, stage: Stage, began: Mapping[str, str], codes: Sequence[str]) -> list[Record]:
    """Records of the networks of a stage that has ended.

    `began` are the weights when the run began, `codes` what `code` said then and each time it went on.
    """
    now = weights_in(run.work)
    on = {network: now[network] for network in stage.needs if network in now}
    how = options(run, stage) | {"code": " then ".join(codes)}
    return [Record(name, now[name], began.get(name), on, how) for name in stage.networks if name in now]


def options(run: Run, stage: Stage) -> dict[str, Any]:
    """What a run of a recipe is a function of besides code and weights, and where it ran."""
    return {
        "recipe": stage.recipe, "seed": run.seed, "smoke": run.smoke, "compile": run.compile,
        "steps": steps(run, stage), "budget_s": run.budget_s, "device": run.device, "cores": run.cores,
        "threads": run.threads, "torch": torch.__version__,
    }  # fmt: skip


def steps(run: Run, stage: Stage) -> int:
    """Steps that a stage has taken; a run by the clock has written them down."""
    if run.budget_s is None and run.repeat is None:
        return run.steps(stage)
    pace = (run.repeat or run.work) / f"{stage.recipe}.pace"
    return len(json.loads(pace.read_text())["parts"])


def code(root: Path = ROOT) -> str:
    """A digest of the code that decides what is learned, with the commit, where that is known."""
    total = sha256()
    for path in sorted(path for part in CODE for path in sources(root / part)):
        total.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    said = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join([total.hexdigest()[:LETTERS], *([f"({said.stdout.strip()})"] if said.stdout else [])])


def sources(path: Path) -> Iterable[Path]:
    """A file of Python, or all in a folder."""
    return [path] if path.is_file() else path.rglob("*.py")


def read(path: Path) -> list[Record]:
    """The records of a file, oldest first; none if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Record(**json.loads(line)) for line in lines]


def add(path: Path, records: Iterable[Record]) -> None:
    """Write records below those that are there."""
    with path.open("a") as file:
        file.writelines(record.line() for record in records)


def ancestry(records: Iterable[Record], network: str, weights: str) -> list[Record]:
    """The records of weights and of all that they began with, oldest first."""
    known = {(record.network, record.weights): record for record in records}
    found: list[Record] = []
    following: str | None = weights
    while following and (one := known.get((network, following))) and one not in found:
        found.insert(0, one)
        following = one.began_with
    return found


def main(arguments: list[str]) -> None:
    """Tell the lineage of what is shipped."""
    parser = argparse.ArgumentParser(prog="python -m training.lineage", description=__doc__)
    parser.add_argument("network", nargs="*", metavar="NETWORK")
    for network in parser.parse_args(arguments).network or NETWORKS:
        weights = digest(checkpoint.read(ROOT / "model_repo" / network / "1"))
        print(network)
        for one in ancestry(read(SHIPPED), network, weights):
            print("  " + one.sentence())


if __name__ == "__main__":
    main(sys.argv[1:])
