"""`python -m training.evaluation`: films of held-out captions through the running stack, measured.

Films that are there already are not made again: a run that was stopped goes on.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from services.contract.errors import MoviolaError
from services.local.ports import free_ports
from services.local.stack import ROOT, running_stack
from training.evaluation import changes, films, parts, sheet
from training.evaluation.api import Client
from training.evaluation.intervals import Estimate, share
from training.evaluation.networks import Networks
from training.evaluation.report import Report, Sections, within
from training.evaluation.tally import Tally
from training.evaluation.work import Work

Section = Callable[[Work, int], Tally]
SECTIONS: dict[str, Section] = {
    "text": films.from_words,
    "first frame": films.from_first_frame,
    "continuation": changes.continued,
    "edit": changes.edited,
    "character": changes.with_character,
    "sound of true films": parts.sound,
    "autoencoder": parts.autoencoder,
    "upsampler": parts.upsampler,
    "codec": parts.codec,
    "guidance 1": partial(films.from_words, section="guidance 1", guidance_scale=1.0),
    "250 steps": partial(films.from_words, section="250 steps", num_inference_steps=250, audio=False),
}
# Parts of n where a film costs much or little is to be shown.
FEWER = {"guidance 1": 2, "250 steps": 4, "upsampler": 2}
FEWEST = 4


def main(arguments: list[str]) -> None:
    """Make what is missing, measure, write table and sheet."""
    chosen = _parsed(arguments)
    if chosen.against and not chosen.sections and not chosen.n:
        print(Report.read(chosen.out / "table.json").against(Report.read(chosen.against)), end="")
        return
    with ExitStack() as stack:
        work = _work(chosen, stack)
        work.claim()
        report = _measured(work, chosen)
    report.write(chosen.out)
    sheet.draw(work, chosen.n, chosen.out / "sheet.png")
    print(report.markdown(), end="")
    if chosen.against:
        beside = report.against(Report.read(chosen.against))
        (chosen.out / "against.md").write_text(beside)
        print(f"\n{beside}", end="")


def _parsed(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m training.evaluation", description=__doc__)
    parser.add_argument("--n", type=int, default=0, help="held-out scenes (20)")
    parser.add_argument("--out", type=Path, help="folder for films and table (runs/eval/WEIGHTS-SEED)")
    parser.add_argument("--against", type=Path, help="another table.json to stand beside")
    parser.add_argument("--url", help="gateway of a running stack; else one is started")
    parser.add_argument("--seed", type=int, default=0, help="chooses the scenes")
    parser.add_argument("--sections", nargs="+", choices=tuple(SECTIONS), default=[], help="only these")
    chosen = parser.parse_args(arguments)
    if not chosen.n and not chosen.against:
        chosen.n = 20
    if chosen.out is None:
        chosen.out = Path("runs/eval") / f"{Networks.of(ROOT).digest()}-{chosen.seed}"
    return chosen


def _work(chosen: Namespace, stack: ExitStack) -> Work:
    """The work; its client is connected when first needed, to a stack of its own if none is given."""
    clients: list[Client] = []

    def client() -> Client:
        if not clients:
            if chosen.url:
                clients.append(Client(chosen.url, lambda: None))
            else:
                (port,) = free_ports(1)
                running = stack.enter_context(running_stack(port, chosen.out / "stack", _say))
                clients.append(Client(running.url, running.supervisor.mend))
        return clients[0]

    return Work(chosen.out, Networks.of(ROOT), client, chosen.seed, _say)


def _measured(work: Work, chosen: Namespace) -> Report:
    sections: Sections = {}
    start = time.monotonic()
    for name in chosen.sections or SECTIONS:
        count = max(FEWEST, chosen.n // FEWER.get(name, 1)) if name in FEWER else chosen.n
        sections[name] = SECTIONS[name](work, min(count, chosen.n)).estimates()
        _say(f"{name} measured after {time.monotonic() - start:.0f} s")
    if "250 steps" in sections:
        count = min(chosen.n, max(FEWEST, chosen.n // FEWER["250 steps"]))
        sections["50 steps against 250"] = _agreement(films.from_words(work, count), sections["250 steps"])
    about = {"scenes": chosen.n, "weights": work.networks.digest(), "seed": chosen.seed}
    return Report(about, sections)


def _agreement(few: Tally, many: dict[str, Estimate]) -> dict[str, Estimate]:
    """The share of axes on which the few steps lie in the interval of the many, for the same scenes."""
    alike = [within(one, many[axis]) for axis, one in few.estimates().items() if axis in many]
    return {"axes within the interval": share(sum(alike), len(alike))}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except MoviolaError as error:
        sys.exit(f"evaluation: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
