"""Trains `moviegen-mini` in a given time on one machine: `python -m training.run --budget-s 560 --out DIR`.

Each recipe is a process of its own that ends by the clock, so one that fails does not harm the others; it is
started once more, from its last checkpoint and without compilation. Weights, logs, pictures and sounds are
packed into parts of a tar file, now and then and at the end.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from training.parcel import pack

PACK_EVERY_S = 120.0
LAST_S = 10.0
GRACE_S = 30.0


@dataclass(frozen=True)
class Stage:
    """A recipe's place in the plan: start, end (parts of the time), render processes, share of the device.

    `networks` are those that others wait for.
    """

    recipe: str
    start: float
    end: float
    workers: int
    share: float = 1.0
    networks: tuple[str, ...] = ()


# The transformers come early, to compile while what they need is still being trained.
PLAN = (
    Stage("reading", 0.0, 0.2, 2, 0.5, ("text_encoder",)),
    Stage("tae", 0.0, 0.28, 7, 1.0, ("video_encoder", "video_decoder")),
    Stage("codec", 0.0, 0.4, 3, 0.3, ("audio_encoder", "audio_decoder")),
    Stage("sight", 0.1, 0.4, 3, 0.3, ("visual_encoder",)),
    Stage("video", 0.0, 1.0, 9, 1.0),
    Stage("upsampler", 0.29, 0.65, 2, 0.2),
    Stage("audio", 0.2, 1.0, 4, 0.4),
)


@dataclass(frozen=True)
class Run:
    """The whole order: seconds in all, folders, device, options."""

    budget_s: float
    out: Path
    work: Path
    device: str
    cores: int
    seed: int
    smoke: bool
    compile: bool
    only: tuple[str, ...]

    @property
    def training_s(self) -> float:
        """Time to train; the rest is for last pictures, sounds and packing."""
        last = 0.25 * self.budget_s if self.smoke else min(35.0, 10.0 + 0.05 * self.budget_s)
        return self.budget_s - last

    def workers(self, stage: Stage) -> int:
        """Render processes of a stage: as planned for 16 cores, fewer on smaller machines."""
        return max(1, stage.workers * min(self.cores, 16) // 16)

    def command(self, stage: Stage, begin: float, compiled: bool) -> list[str]:
        """The command of a recipe."""
        until = begin + stage.end * self.training_s
        words = [sys.executable, "-m", "training.recipes", stage.recipe, "--work", str(self.work)]
        words += ["--until", f"{until:.1f}", "--device", self.device, "--seed", str(self.seed)]
        words += ["--workers", str(self.workers(stage)), "--share", str(stage.share)]
        return words + ["--smoke"] * self.smoke + ["--compile"] * compiled


class Part:
    """A stage while it runs."""

    def __init__(self, run: Run, stage: Stage, begin: float) -> None:
        self.run, self.stage, self.begin = run, stage, begin
        self.process: subprocess.Popen[bytes] | None = None
        self.starts, self.over = 0, False

    def look(self) -> None:
        """Start the recipe when its time has come, once more if it failed."""
        now = time.time() - self.begin
        if self.over or now < self.stage.start * self.run.training_s:
            return
        if self.process is None:
            self._start()
            return
        left = self.stage.end * self.run.training_s - now
        if left < -GRACE_S and self.stage.end < 1.0:
            self.stop()
        code = self.process.poll()
        if code is None:
            return
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
            self.process.wait()

    @property
    def errors(self) -> Path:
        """Where its standard error goes."""
        return self.run.work / f"{self.stage.recipe}.err"

    def _start(self) -> None:
        self.starts += 1
        compiled = self.run.compile and self.starts == 1
        # Render processes inherit this; torch is told its number of threads by the recipe.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        threads |= {"TORCHINDUCTOR_COMPILE_THREADS": str(max(1, min(6, self.run.cores // 2)))}
        command = self.run.command(self.stage, self.begin, compiled)
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(command, stderr=errors, env=os.environ | threads)

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


def train(run: Run) -> bool:
    """Run all stages and pack what they leave; whether all of them ended well."""
    begin = time.time()
    for folder in (run.work, run.out):
        folder.mkdir(parents=True, exist_ok=True)
    for mark in run.work.glob("*.done"):
        # Of a run before: with `--only` what others made remains final.
        if not run.only:
            mark.unlink()
    parts = [Part(run, stage, begin) for stage in PLAN if not run.only or stage.recipe in run.only]
    packed = time.time()
    try:
        while not all(part.over for part in parts) and time.time() - begin < run.budget_s - LAST_S:
            for part in parts:
                part.look()
            if time.time() - packed > PACK_EVERY_S:
                say(f"packed {pack(run.work, run.out)}")
                packed = time.time()
            time.sleep(0.5)
    finally:
        for part in parts:
            part.stop()
    say(f"packed {pack(run.work, run.out)} after {time.time() - begin:.0f} s")
    return all(part.process is not None and part.process.returncode == 0 for part in parts)


def main() -> None:
    """Read the command line and train."""
    default = "cuda" if Path("/dev/nvidia0").exists() or Path("/dev/nvidiactl").exists() else "cpu"
    parser = argparse.ArgumentParser(prog="training.run", description=__doc__)
    parser.add_argument("--budget-s", type=float, default=560.0)
    parser.add_argument("--out", type=Path, required=True, help="folder of the packed parts")
    parser.add_argument(
        "--work", type=Path, default=Path("runs/train"), help="folder of checkpoints and logs"
    )
    parser.add_argument("--device", default=default)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smoke", action="store_true", help="tiny batches: does everything run?")
    parser.add_argument("--compile", action="store_true", help="compile the transformers' blocks")
    parser.add_argument(
        "--only", nargs="*", default=(), help="these alone, at their times, on what is in --work"
    )
    chosen = vars(parser.parse_args())
    run = Run(**chosen | {"only": tuple(chosen["only"])})
    sys.exit(0 if train(run) else 1)


if __name__ == "__main__":
    main()
