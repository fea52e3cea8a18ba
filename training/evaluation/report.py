"""The table of an evaluation: as JSON, as Markdown, and beside another one."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.contract.errors import InputError
from training.evaluation.intervals import Estimate

Sections = dict[str, dict[str, Estimate]]
# What is aimed at: axes by section, and whether more or less is better.
GOALS: dict[tuple[str, str], tuple[float, bool]] = {
    ("text", "colour"): (0.97, True),
    ("text", "shape"): (0.93, True),
    ("text", "ground"): (0.97, True),
    ("text", "count"): (0.90, True),
    ("text", "motion"): (0.90, True),
    ("text", "camera"): (0.85, True),
    ("text", "consistency"): (0.97, True),
    ("text", "hits heard of seen: precision"): (0.90, True),
    ("text", "hits heard of seen: recall"): (0.90, True),
    ("text", "kind of sound"): (0.90, True),
    ("text", "mood"): (0.85, True),
    ("first frame", "PSNR of frame 0"): (28.0, True),
    ("first frame", "motion"): (0.85, True),
    ("continuation", "PSNR at the seam"): (28.0, True),
    ("continuation", "motion goes on"): (0.85, True),
    ("edit", "change done"): (0.85, True),
    ("edit", "PSNR outside the mask"): (30.0, True),
    ("character", "right one of ten"): (0.90, True),
    ("sound of true films", "hits heard: precision"): (0.90, True),
    ("sound of true films", "hits heard: recall"): (0.90, True),
    ("sound of true films", "kind of sound"): (0.90, True),
    ("sound of true films", "mood"): (0.85, True),
    ("autoencoder", "PSNR"): (34.0, True),
    ("autoencoder", "SSIM"): (0.95, True),
    ("autoencoder", "bright dots a frame"): (0.0, False),
    ("upsampler", "better than bicubic"): (3.0, True),
    ("codec", "SI-SDR"): (12.0, True),
    ("50 steps against 250", "axes within the interval"): (1.0, True),
}
GOALS |= {
    (f"{section} of 1 s", axis): goal
    for (section, axis), goal in GOALS.items()
    if section in ("edit", "character")
}
UNITS = {"PSNR": "dB", "SI-SDR": "dB", "better": "dB", "distance": "dB"}
PLAIN = ("SSIM", "bright dots")


@dataclass(frozen=True)
class Report:
    """`about` says what was measured and how; `sections` hold the estimates."""

    about: dict[str, Any]
    sections: Sections

    def write(self, folder: Path) -> None:
        """`table.json` and `table.md` in the folder."""
        data = {
            "about": self.about,
            "sections": {
                name: {axis: asdict(estimate) for axis, estimate in axes.items()}
                for name, axes in self.sections.items()
            },
        }
        (folder / "table.json").write_text(json.dumps(data, indent=1) + "\n")
        (folder / "table.md").write_text(self.markdown())

    @classmethod
    def read(cls, path: Path) -> "Report":
        """A table written before. Raises InputError where it is missing or none."""
        try:
            data = json.loads(path.read_text())
            sections = {
                name: {axis: Estimate(**estimate) for axis, estimate in axes.items()}
                for name, axes in data["sections"].items()
            }
            return cls(dict(data["about"]), sections)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path} is no table of an evaluation: {error}") from error

    def markdown(self) -> str:
        """The table for people."""
        lines = [", ".join(f"{key} {value}" for key, value in self.about.items()), ""]
        lines += [
            "| section | axis | reached | 95 % interval | n | goal | |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, axes in self.sections.items():
            for axis, estimate in axes.items():
                goal = GOALS.get((name, axis))
                lines.append(
                    f"| {name} | {axis} | {shown(axis, estimate.value)} "
                    f"| {shown(axis, estimate.low)} to {shown(axis, estimate.high)} | {estimate.n} "
                    f"| {shown(axis, goal[0]) if goal else ''} | {_verdict(estimate, goal)} |"
                )
        return "\n".join(lines) + "\n"

    def against(self, other: "Report") -> str:
        """Both tables side by side; an axis has changed where neither value lies in the other's interval."""
        lines = [f"this: {_line(self.about)}", "", f"other: {_line(other.about)}", ""]
        lines += ["| section | axis | this | other | difference | |", "|---" * 6 + "|"]
        same = total = 0
        for name, axes in self.sections.items():
            for axis, estimate in axes.items():
                twin = other.sections.get(name, {}).get(axis)
                if twin is None:
                    continue
                alike = within(estimate, twin) or within(twin, estimate)
                same, total = same + alike, total + 1
                gap = estimate.value - twin.value
                lines.append(
                    f"| {name} | {axis} | {shown(axis, estimate.value)} | {shown(axis, twin.value)} "
                    f"| {'+' if gap >= 0 else '-'}{shown(axis, abs(gap))} | {'' if alike else 'changed'} |"
                )
        return "\n".join([*lines, "", f"{same} of {total} axes within the interval"]) + "\n"


def within(one: Estimate, two: Estimate) -> bool:
    """Whether the value of one lies in the interval of the other."""
    return two.low - 1e-9 <= one.value <= two.high + 1e-9


def shown(axis: str, value: float) -> str:
    """A value as people read it: shares in percent, levels in dB."""
    unit = next((unit for start, unit in UNITS.items() if axis.startswith(start)), None)
    if unit:
        return f"{value:.1f} {unit}"
    return f"{value:.3f}" if axis.startswith(PLAIN) else f"{100 * value:.1f} %"


def _verdict(estimate: Estimate, goal: tuple[float, bool] | None) -> str:
    if goal is None:
        return ""
    wanted, more = goal
    return "reached" if (estimate.value >= wanted if more else estimate.value <= wanted) else "missed"


def _line(about: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in about.items())
