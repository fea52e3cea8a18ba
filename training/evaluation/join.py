"""One table of all that was measured in a folder."""

from collections.abc import Callable
from typing import Any

from training.evaluation.intervals import Estimate, share
from training.evaluation.kept import Kept
from training.evaluation.report import Report, Sections, within
from training.evaluation.sections import SECTIONS
from training.evaluation.tally import Tally, total


def joined(kept: Kept, about: dict[str, Any], say: Callable[[str], None]) -> Report:
    """The table of everything that is kept; what was measured by other code is left out, and this is said."""
    tallies = {name: kept.tallies(name) for name in SECTIONS}
    for name in SECTIONS:
        if outdated := kept.outdated(name):
            say(f"{name}: {outdated} scenes left out, they were measured by other code: measure them again")
    sections: Sections = {
        name: total(scenes.values()).estimates() for name, scenes in tallies.items() if scenes
    }
    if "250 steps" in sections:
        few, many = tallies["text"], tallies["250 steps"]
        if shared := [seed for seed in many if seed in few]:
            sections["50 steps against 250"] = agreement(
                total(few[seed] for seed in shared), total(many[seed] for seed in shared)
            )
    scenes = max((len(scenes) for scenes in tallies.values()), default=0)
    return Report({"scenes": scenes, **about, "measures": kept.code}, sections)


def agreement(few: Tally, many: Tally) -> dict[str, Estimate]:
    """The share of axes on which the few steps lie in the interval of the many, for the same scenes."""
    ones, others = few.estimates(), many.estimates()
    alike = [within(one, others[axis]) for axis, one in ones.items() if axis in others]
    return {"axes within the interval": share(sum(alike), len(alike))}
