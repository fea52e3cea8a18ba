import re

from training.world import phrases
from training.world.captions import vocabulary
from training.world.chance import Film
from training.world.edits import KINDS, sample_edit
from training.world.figures import sample_character


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\s,.]+", text.lower()))


def test_every_word_is_known_and_used() -> None:
    film = Film(16, 8)
    texts = [sample_edit(seed, film, kind=kind).instruction for kind in KINDS for seed in range(250)]
    texts += [sample_character(seed, film).caption for seed in range(200)]
    used = set().union(*map(_words, texts))
    assert used <= set(vocabulary())
    said = {word for text in phrases.TEXTS for word in _words(text) if "{" not in word}
    assert said <= used
