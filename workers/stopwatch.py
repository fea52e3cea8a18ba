"""How long each stage of an attempt took."""

import time

from services.contract.job import Stage


class Stopwatch:
    """Notes when each stage is first and last heard of."""

    def __init__(self) -> None:
        self._began: dict[Stage, float] = {}
        self._last = 0.0

    def at(self, stage: Stage) -> None:
        """The attempt is at ``stage`` now."""
        self._last = time.monotonic()
        self._began.setdefault(stage, self._last)

    def durations_s(self) -> dict[Stage, float]:
        """Seconds from the begin of each stage to that of the next."""
        stages = list(self._began)
        ends = [*list(self._began.values())[1:], self._last]
        return {stage: end - self._began[stage] for stage, end in zip(stages, ends, strict=True)}
