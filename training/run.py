"""Trains `moviegen-mini` on one machine: `python -m training.run`, killed and started again, goes on.

Each recipe is a process of its own, so one that fails does not harm the others; it is started once more, from
its last checkpoint and without compilation. Recipes take the plan's steps, or what fits into `--budget-s`.
Weights, logs, pictures and sounds are packed into parts of a tar file, now and then and at the end.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from services.contract.errors import ConfigurationError
from services.local.lock import held
from training.diary import Diary, opened
from training.lineage import NAME, add, made
from training.parcel import pack
from training.plan import Run, Stage
from training.recipes.__main__ import RECIPES
from training.watch import Watch

PACK_EVERY_S = 120.0
WRITE_EVERY_S = 5.0
LAST_S = 10.0
GRACE_S = 30.0


class Part:
    """A stage while it runs."""

    def __init__(self, run: Run, stage: Stage, begin: float, quiet: bool = False) -> None:
        """`begin` is when the run began; a quiet part leaves the terminal to others."""
        self.run, self.stage, self.begin, self.quiet = run, stage, begin, quiet
        self.process: subprocess.Popen[bytes] | None = None
        self.starts, self.over = 0, False

    @property
    def well(self) -> bool:
        """Whether the recipe has done all it was asked for."""
        return self.over and self.process is not None and self.process.returncode == 0

    def look(self) -> None:
        """Start the recipe when its time has come, once more if it failed."""
        if self.over or not (self.process or self._may_start()):
            return
        if self.process is None:
            self._start()
            return
        left = self._left()
        if left < -GRACE_S and self.stage.end < 1.0:
            self.stop()
        code = self.process.poll()
        if code is None:
            return
        self._settle()
        self.over = True
        if code == 0:
            return
        say(f"{self.stage.recipe} failed with {code}:\n{self._last_words()}")
        if self.starts < 2 and left > 10:
            self.over = False
            self._start()
        else:
            self._make_do()

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self.process is not None and self.process.poll() is None:
            say(f"{self.stage.recipe} is still at work and is ended")
            self.process.kill()
        self._settle()

    def lacks(self, others: list["Part"]) -> list[str]:
        """Networks that this part waits for and that will not come any more."""
        coming = {n for part in others if not part.over for n in part.stage.networks}
        return [n for n in self.stage.needs if n not in coming and not self._final(n)]

    @property
    def errors(self) -> Path:
        """Where its standard error goes."""
        return self.run.work / f"{self.stage.recipe}.err"

    def _final(self, network: str) -> bool:
        return (self.run.work / f"{network}.done").exists()

    def _may_start(self) -> bool:
        if self.run.budget_s is None:
            return all(self._final(network) for network in self.stage.needs)
        return time.time() - self.begin >= self.stage.start * self.run.training_s

    def _left(self) -> float:
        """Seconds until its end, by the clock."""
        if self.run.budget_s is None:
            return float("inf")
        return self.stage.end * self.run.training_s - (time.time() - self.begin)

    def _start(self) -> None:
        self.starts += 1
        command = self.run.command(self.stage, self.begin, self.run.compile and self.starts == 1)
        with self.errors.open("ab") as errors:
            # It ends when this end of its standard input is gone, however that came. What it says is in its
            # journal as well.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL if self.quiet else None,
                stderr=errors,
                env=self.run.environment(),
            )

    def _settle(self) -> None:
        if self.process is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait()

    def _make_do(self) -> None:
        """What it has written is final: better for those who wait than nothing."""
        for network in self.stage.networks:
            if (self.run.work / f"{network}.safetensors").exists():
                (self.run.work / f"{network}.done").touch()
                say(f"{network} stays at its last checkpoint")

    def _last_words(self) -> str:
        return "\n".join(self.errors.read_text(errors="replace").splitlines()[-25:])


def say(text: str) -> None:
    """A line of the orchestrator's own."""
    print(f"[run] {text}", flush=True)


def train(run: Run, anew: bool = False) -> bool:
    """Run all stages, or what is left of them, and pack what they leave; whether all of them ended well.

    Raises ConfigurationError where another run is at work in the folder, or unfinished.
    """
    for folder in (run.work, run.out):
        folder.mkdir(parents=True, exist_ok=True)
    with held(run.work / "run.lock", f"another run is at work in {run.work}"):
        diary = opened(run, anew)
        if diary.spent_s:
            say(f"goes on after {diary.spent_s:.0f} s; ended before: {', '.join(diary.ended) or 'none'}")
        elif not run.only:
            # Marks of a run before: with `--only` what others made remains final.
            for mark in run.work.glob("*.done"):
                mark.unlink()
        begin = time.time() - diary.spent_s
        watch = Watch(run.work, tuple(stage.recipe for stage in run.stages))
        stages = [stage for stage in run.stages if stage.recipe not in diary.ended]
        parts = [Part(run, stage, begin, watch.on) for stage in stages]
        if not parts:
            say("all recipes have ended before; --anew trains on from their weights")
        try:
            attend(run, parts, diary, watch)
        finally:
            for part in parts:
                part.stop()
            watch.clear()
        say(f"packed {pack(run.work, run.out)} after {time.time() - begin:.0f} s")
    return all(part.well for part in parts)


def attend(run: Run, parts: list[Part], diary: Diary, watch: Watch) -> None:
    """Look after the parts until all are over or the time is up."""
    begin = time.time() - diary.spent_s
    packed = written = time.time()
    diary.write()
    while not all(part.over for part in parts):
        spent = time.time() - begin
        if run.budget_s is not None and spent > run.budget_s - LAST_S:
            return
        for part in parts:
            part.look()
            if run.budget_s is None and part.process is None and (missing := part.lacks(parts)):
                say(f"{part.stage.recipe} is left out: {', '.join(missing)} will not come")
                part.over = True
            if part.well and part.stage.recipe not in diary.ended:
                add(run.work / NAME, made(run, part.stage, diary.began, diary.codes))
                diary.end(part.stage.recipe)
        if time.time() - written > WRITE_EVERY_S:
            diary.spent_s, written = spent, time.time()
            diary.write()
        if time.time() - packed > PACK_EVERY_S:
            watch.clear()
            say(f"packed {pack(run.work, run.out)}")
            packed = time.time()
        watch.draw()
        time.sleep(0.5)
    diary.spent_s = time.time() - begin
    diary.write()


def steps(text: str) -> tuple[str, int]:
    """`recipe=N`."""
    name, _, count = text.partition("=")
    if name not in RECIPES or not count.isdigit():
        raise argparse.ArgumentTypeError(f"not a recipe and its steps: {text}")
    return name, int(count)


def run_of(arguments: list[str]) -> tuple[Run, bool]:
    """The order that the command line gives, and whether it begins anew."""
    default = "cuda" if Path("/dev/nvidia0").exists() or Path("/dev/nvidiactl").exists() else "cpu"
    parser = argparse.ArgumentParser(prog="training.run", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("runs/train"), help="checkpoints and logs")
    parser.add_argument("--out", type=Path, default=Path("runs/parcel"), help="the packed parts")
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--budget-s", type=float, help="as many steps as fit into this time")
    how_long.add_argument("--repeat", type=Path, help="the steps of a run with --budget-s, from its --work")
    parser.add_argument(
        "--steps-of", nargs="+", type=steps, default=(), metavar="RECIPE=N", help="not the plan's steps"
    )
    parser.add_argument("--device", default=default)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--threads", type=int, default=0, help="of each recipe on the CPU")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="tiny batches: does everything run?")
    parser.add_argument("--compile", action="store_true", help="compile the transformers' blocks")
    parser.add_argument("--only", nargs="*", choices=RECIPES, default=(), help="these, on what is in --work")
    parser.add_argument("--anew", action="store_true", help="a new run, from the weights in --work")
    chosen = vars(parser.parse_args(arguments))
    anew = chosen.pop("anew")
    if chosen["steps_of"] and (chosen["budget_s"] is not None or chosen["repeat"] is not None):
        parser.error("--steps-of does not go with --budget-s or --repeat")
    return Run(**chosen | {"only": tuple(chosen["only"]), "steps_of": dict(chosen["steps_of"])}), anew


def main() -> None:
    """Read the command line and train."""
    run, anew = run_of(sys.argv[1:])
    sys.exit(0 if train(run, anew) else 1)


if __name__ == "__main__":
    try:
        main()
    except ConfigurationError as error:
        sys.exit(f"training: {error}")
