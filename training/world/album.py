"""Sheets of pairs: `python -m training.world.album edits OUT.png [FIRST_SEED] [ROWS]`, or `characters`.

An edit is two rows, source above target; a character is its portrait and its film. The words are printed.
"""

from argparse import ArgumentParser
from pathlib import Path

import numpy as np

from training.world.boxes import Frames
from training.world.chance import Film
from training.world.edits import sample_edit
from training.world.figures import portrait, render_character, sample_character
from training.world.render import render
from training.world.sheet import COLUMNS, png, row

SIZE = (144, 256)


def edits(seeds: range, film: Film) -> tuple[Frames, list[str]]:
    """The picture of the edits of the seeds, and their instructions."""
    made = [sample_edit(seed, film) for seed in seeds]
    strips = [row(render(scene, *SIZE)) for edit in made for scene in (edit.source, edit.target)]
    return np.concatenate(strips), [f"{edit.kind}: {edit.instruction}" for edit in made]


def characters(seeds: range, film: Film) -> tuple[Frames, list[str]]:
    """The picture of the characters of the seeds, and their captions."""
    made = [sample_character(seed, film) for seed in seeds]
    strips = []
    for one in made:
        chosen = np.linspace(0, film.frames - 1, COLUMNS - 1).round().astype(int)
        frames = render_character(one, *SIZE, frames=chosen.tolist())
        strips.append(row(np.concatenate([portrait(one.figure, *SIZE)[None], frames])))
    return np.concatenate(strips), [one.caption for one in made]


def main() -> None:
    """Writes the sheet and prints the words, in the order of the rows."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("edits", "characters"))
    parser.add_argument("target", type=Path)
    parser.add_argument("first_seed", type=int, nargs="?", default=0)
    parser.add_argument("rows", type=int, nargs="?", default=12)
    chosen = parser.parse_args()
    draw = edits if chosen.what == "edits" else characters
    picture, texts = draw(range(chosen.first_seed, chosen.first_seed + chosen.rows), Film())
    chosen.target.write_bytes(png(picture))
    print("\n".join(texts))


if __name__ == "__main__":
    main()
