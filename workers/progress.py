"""From finished units of a stage to what a client sees."""

from collections.abc import Callable

from services.contract.job import Progress, Stage

# Shares of the whole in percent, from films of 4 s at 1080p on the CPU: only the bar depends on them.
SHARES = {Stage.ENCODE: 1, Stage.SAMPLE: 54, Stage.DECODE: 37, Stage.SOUND: 6, Stage.MUX: 2}


class Meter:
    """Counts finished units; 100 percent is said only by a completed job."""

    def __init__(self, report: Callable[[Progress], None]) -> None:
        self._report = report
        self._stage = Stage.ENCODE
        self._total = 1

    def enter(self, stage: Stage, total: int, done: int = 0) -> None:
        """A stage of ``total`` units begins, ``done`` of which an earlier attempt left behind."""
        self._stage, self._total = stage, total
        self.reach(done)

    def reach(self, step: int) -> None:
        """``step`` units of the stage are finished."""
        before = sum(share for stage, share in SHARES.items() if _order(stage) < _order(self._stage))
        percent = before + SHARES[self._stage] * step / self._total
        self._report(
            Progress(stage=self._stage, step=step, total_steps=self._total, percent=min(99, int(percent)))
        )


def _order(stage: Stage) -> int:
    return list(Stage).index(stage)
