"""Which recipe comes when: in steps, each when what it needs is final; or in parts of a time."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """A recipe's place in the plan.

    By the clock: from `start` to `end`, as parts of the time. In steps: so many on a GPU and on a CPU, when
    the networks that it `needs` are final. `workers` are its render processes, `share` is its part of the
    device, `networks` are those that it trains.
    """

    recipe: str
    start: float
    end: float
    workers: int
    share: float = 1.0
    networks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    steps: tuple[int, int] = (0, 0)


SOUND = ("audio_encoder", "audio_decoder")
PICTURE = ("video_encoder", "video_decoder")
TEXT, SIGHT = ("text_encoder",), ("visual_encoder",)

# By the clock the transformers come early, to compile while what they need is still being trained.
PLAN = (
    Stage("reading", 0.0, 0.2, 2, 0.5, TEXT, (), (2500, 2500)),
    Stage("tae", 0.0, 0.28, 7, 1.0, PICTURE, (), (1100, 1500)),
    Stage("codec", 0.0, 0.4, 3, 0.3, SOUND, (), (500, 1500)),
    Stage("sight", 0.1, 0.4, 3, 0.3, SIGHT, PICTURE, (750, 1500)),
    Stage("layout", 0.1, 0.5, 1, 0.3, ("layout_transformer",), TEXT, (3000, 2500)),
    Stage("layout_reader", 0.3, 0.5, 2, 0.2, ("layout_reader",), PICTURE, (1500, 1500)),
    Stage("video", 0.0, 1.0, 9, 1.0, ("video_transformer",), TEXT + PICTURE, (4250, 4000)),
    Stage("upsampler", 0.29, 0.65, 2, 0.2, ("upsampler",), PICTURE, (450, 600)),
    Stage("audio", 0.2, 1.0, 4, 0.4, ("audio_transformer",), SOUND + TEXT + SIGHT + PICTURE, (1550, 2400)),
)


@dataclass(frozen=True)
class Run:
    """The whole order: seconds in all, or None for the plan's steps; folders, device, options.

    `steps_of` replaces the plan's steps of recipes; `repeat` is the folder of a run by the clock, whose steps
    are taken again.
    """

    out: Path
    work: Path
    device: str
    cores: int
    budget_s: float | None = None
    seed: int = 0
    smoke: bool = False
    compile: bool = False
    only: tuple[str, ...] = ()
    steps_of: Mapping[str, int] = field(default_factory=dict)
    repeat: Path | None = None
    threads: int = 0

    @property
    def training_s(self) -> float:
        """Time to train; the rest is for last pictures, sounds and packing."""
        assert self.budget_s is not None
        last = 0.25 * self.budget_s if self.smoke else min(35.0, 10.0 + 0.05 * self.budget_s)
        return self.budget_s - last

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The part of the plan that is to be run."""
        return tuple(stage for stage in PLAN if not self.only or stage.recipe in self.only)

    def workers(self, stage: Stage) -> int:
        """Render processes of a stage: as planned for 16 cores, fewer on smaller machines."""
        return max(1, stage.workers * min(self.cores, 16) // 16)

    def share(self, stage: Stage) -> float:
        """Part of its time that a stage may keep the device busy: all where it has no others beside it, or
        where cores, which the system shares out, do the work."""
        return stage.share if self.device.startswith("cuda") and len(self.stages) > 1 else 1.0

    def steps(self, stage: Stage) -> int:
        """Steps of a stage, where it goes by them."""
        planned = stage.steps[0 if self.device.startswith("cuda") else 1]
        return self.steps_of.get(stage.recipe, planned)

    def command(self, stage: Stage, begin: float, compiled: bool) -> list[str]:
        """The command of a recipe."""
        words = [sys.executable, "-m", "training.recipes", stage.recipe, "--work", str(self.work), "--tied"]
        if self.repeat is not None:
            words += ["--repeat", str(self.repeat)]
        elif self.budget_s is not None:
            words += ["--until", f"{begin + stage.end * self.training_s:.1f}"]
        else:
            words += ["--steps", str(self.steps(stage))]
        words += ["--device", self.device, "--seed", str(self.seed), "--threads", str(self.threads)]
        words += ["--workers", str(self.workers(stage)), "--share", str(self.share(stage))]
        return words + ["--smoke"] * self.smoke + ["--compile"] * compiled

    def environment(self) -> dict[str, str]:
        """That of the recipes, which render processes inherit; torch is told its threads by the recipe."""
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        return os.environ | threads | {"TORCHINDUCTOR_COMPILE_THREADS": str(max(1, min(6, self.cores // 2)))}

    def facts(self) -> dict[str, object]:
        """What must be the same for a run to go on."""
        by = "repeat" if self.repeat is not None else "steps" if self.budget_s is None else "clock"
        recipes = {stage.recipe: self.steps(stage) if by == "steps" else None for stage in self.stages}
        return {
            "seed": self.seed, "device": self.device, "smoke": self.smoke, "by": by, "recipes": recipes
        }  # fmt: skip
