"""What a recipe is asked to do. Standard library alone: render processes read it too."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

CAST = "moviegen-mini"


@dataclass(frozen=True)
class Order:
    """One recipe's work: where its files go, until when (seconds since the epoch), on what.

    `share` is the part of its time that it may keep the device busy; the rest it sleeps. `smoke` asks for
    tiny batches.
    """

    recipe: str
    work: Path
    until: float
    device: str = "cpu"
    workers: int = 1
    seed: int = 0
    smoke: bool = False
    compile: bool = False
    share: float = 1.0

    @property
    def on_gpu(self) -> bool:
        """Whether the device is an accelerator."""
        return self.device.startswith("cuda")

    def checkpoint(self, network: str) -> Path:
        """Where the weights of a network are written."""
        return self.work / f"{network}.safetensors"

    def mark(self, network: str) -> Path:
        """The file that says that the weights of a network are final."""
        return self.work / f"{network}.done"

    def finish(self, network: str) -> None:
        """Say that the weights of a network are final."""
        self.mark(network).write_text(json.dumps({"recipe": self.recipe, "time": time.time()}) + "\n")

    def wait_for(self, *networks: str) -> None:
        """Sleep until the networks are final. Raises TimeoutError if the order's time is up before."""
        while missing := [name for name in networks if not self.mark(name).exists()]:
            if time.time() > self.until:
                raise TimeoutError(f"{self.recipe}: {', '.join(missing)} did not become final in time")
            time.sleep(0.2)


class Clock:
    """The time from now to the end of an order, as the schedule of learning rates sees it."""

    def __init__(self, until: float) -> None:
        self.start = time.time()
        self.until = max(until, self.start + 1e-3)

    @property
    def left_s(self) -> float:
        """Seconds left, 0 at the end."""
        return max(0.0, self.until - time.time())

    @property
    def part(self) -> float:
        """How much of the time is over, 0 to 1."""
        return min(1.0, (time.time() - self.start) / (self.until - self.start))
