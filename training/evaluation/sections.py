"""The parts of the table: how one scene of each is measured, and how many scenes each has."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from services.contract.cast import Task
from training.evaluation import changes, films, parts
from training.evaluation.tally import Tally
from training.evaluation.work import Work
from training.world.chance import Film

FEWEST = 4
SHORT = Film(16, 16, 16 / 9)


@dataclass(frozen=True)
class Section:
    """`measure` looks at one scene. Its film is ordered from the API where that offers `task` (None: never).

    One in `part` scenes is enough, and `most` at the most, where a film costs much or little is to be shown.
    What is not `usual` is measured when it is named.
    """

    measure: Callable[[Work, int], Tally]
    task: Task | None = None
    part: int = 1
    most: int | None = None
    usual: bool = True

    def scenes(self, n: int) -> int:
        """How many scenes it has where a section has `n`."""
        few = n if self.part == 1 else min(n, max(FEWEST, n // self.part))
        return few if self.most is None else min(few, self.most)


SECTIONS: dict[str, Section] = {
    "text": Section(films.from_words, "text"),
    "first frame": Section(films.from_first_frame, "image"),
    "continuation": Section(changes.continued),
    "edit": Section(changes.edited),
    "character": Section(changes.with_character),
    # Half as long, at half the cost, for networks that were trained on films of a second too.
    "edit of 1 s": Section(partial(changes.edited, section="edit of 1 s", film=SHORT), usual=False),
    "character of 1 s": Section(
        partial(changes.with_character, section="character of 1 s", film=SHORT), usual=False
    ),
    "sound of true films": Section(parts.sound),
    "autoencoder": Section(parts.autoencoder),
    "upsampler": Section(parts.upsampler, part=2, most=50),
    "codec": Section(parts.codec),
    "guidance 1": Section(
        partial(films.from_words, section="guidance 1", guidance_scale=1.0), "text", part=2
    ),
    "250 steps": Section(
        partial(films.from_words, section="250 steps", num_inference_steps=250, audio=False), "text", part=4
    ),
}


def portion(text: str) -> tuple[str, int | None]:
    """A section and its own number of scenes, if it says one: `edit`, `edit=200`, `first-frame=50`.

    Raises ArgumentTypeError for another section or number.
    """
    named, _, number = text.partition("=")
    name = named.replace("-", " ")
    if name not in SECTIONS:
        known = ", ".join(name.replace(" ", "-") for name in SECTIONS)
        raise ArgumentTypeError(f"{named} is none of {known}")
    if "=" in text and not (number.isdecimal() and int(number)):
        raise ArgumentTypeError(f"{text}: {number or 'nothing'} is no number of scenes")
    return name, int(number) if number else None


def counts(n: int, portions: list[tuple[str, int | None]]) -> dict[str, int]:
    """Scenes by section, in the table's order: those of `portions`, or the usual ones if there are none."""
    own = dict(portions) or {name: None for name, section in SECTIONS.items() if section.usual}
    return {name: own[name] or section.scenes(n) for name, section in SECTIONS.items() if name in own}
