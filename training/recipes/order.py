"""What a recipe is asked to do. Standard library alone: render processes read it too."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

CAST = "moviegen-mini"


@dataclass(frozen=True)
class Order:
    """One recipe's work: where its files go, how long, on what.

    It takes `steps`; or the steps, at the parts of the run, of which the run in the folder `repeat` kept a
    record; or as many as there is time for `until` (seconds since the epoch). `share` is the part of its time
    that it may keep the device busy; the rest it sleeps. `smoke` asks for tiny batches. A checkpoint is
    written every `save_s`. With `threads` 0 it takes what render processes leave of the machine.
    """

    recipe: str
    work: Path
    until: float = math.inf
    device: str = "cpu"
    workers: int = 1
    seed: int = 0
    smoke: bool = False
    compile: bool = False
    share: float = 1.0
    steps: int | None = None
    repeat: Path | None = None
    threads: int = 0
    save_s: float = 30.0

    @property
    def on_gpu(self) -> bool:
        """Whether the device is an accelerator."""
        return self.device.startswith("cuda")

    @property
    def by_clock(self) -> bool:
        """Whether time decides how many steps there are."""
        return self.steps is None and self.repeat is None

    def checkpoint(self, network: str) -> Path:
        """Where the weights of a network are written."""
        return self.work / f"{network}.safetensors"

    def beginning(self, network: str) -> Path:
        """Where the weights that a network begins with are written, for those that need no more of it."""
        return self.work / f"{network}.beginning"

    @property
    def state(self) -> Path:
        """Where all that a run needs to go on is written; it is there only while the run is unfinished."""
        return self.work / f"{self.recipe}.state"

    @property
    def pace(self) -> Path:
        """Where a run by the clock keeps the record of its steps."""
        return self.work / f"{self.recipe}.pace"

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
