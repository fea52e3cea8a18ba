"""Captions to token ids, with the vocabulary of the cast's manifest."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import services.families.moviegen as family
from services.contract.tokenizer import PAD, Tokenizer
from training.recipes.order import CAST
from training.world.captions import vocabulary

LENGTH = 60
EXTRA = ("fps", "16", "24", ",", ".", "-", "'", "!", "?")


def manifest(cast: str = CAST) -> Path:
    """The manifest's file."""
    return Path(str(family.__file__)).parent / "manifests" / f"{cast}.json"


def tokenizer(cast: str = CAST) -> Tokenizer:
    """The cast's tokenizer. Read without pydantic, which a machine for training need not have."""
    text = json.loads(manifest(cast).read_text())["text"]
    return Tokenizer(tuple(text["vocabulary"]), text["max_tokens"])


def rows(words: Tokenizer, texts: Sequence[str], length: int = LENGTH) -> list[list[int]]:
    """Ids of each text, cut and padded to the same length whatever the texts."""
    ids = [words.encode(text) for text in texts]
    cut = [[*row[: length - 1], row[-1]] if len(row) > length else row for row in ids]
    return [row + [PAD] * (length - len(row)) for row in cut]


def trimmed(ids: Sequence[list[int]]) -> list[list[int]]:
    """Rows of ids cut to the longest text among them."""
    longest = max(sum(number != PAD for number in row) for row in ids)
    return [row[:longest] for row in ids]


def missing(known: Iterable[str]) -> list[str]:
    """Words of the small world that are not among the known ones, in order."""
    have = set(known)
    pieces = {piece for word in (*vocabulary(), *EXTRA) for piece in _pieces(word)}
    return sorted(pieces - have)


def _pieces(word: str) -> list[str]:
    """A word as the tokenizer sees it: "back-lit" is three pieces."""
    parts, run = [], ""
    for letter in word.lower():
        if letter.isascii() and letter.isalnum():
            run += letter
        else:
            parts += [run, letter] if not letter.isspace() else [run]
            run = ""
    return [part for part in (*parts, run) if part]


def main() -> None:
    """Append the world's new words to the manifest; ids of the old ones stay."""
    argparse.ArgumentParser(description=main.__doc__).parse_args()
    path = manifest()
    text = path.read_text()
    old = json.loads(text)["text"]["vocabulary"]
    new = [*old, *missing(old)]
    before = text[text.index('"vocabulary": [') :]
    before = before[: before.index("]") + 1]
    path.write_text(text.replace(before, f'"vocabulary": {json.dumps(new)}'))
    print(f"{len(new)} words, {len(new) - len(old)} of them new")


if __name__ == "__main__":
    main()
