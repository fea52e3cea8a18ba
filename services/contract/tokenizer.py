"""Text to token ids: words of a small vocabulary, bytes for all others.

Ids: 0 pad, 1 begin, 2 end, 3 between the bytes of two spelled words, 4..259 bytes, 260.. words of the
vocabulary in order. Any text is representable; text beyond ``max_tokens`` is cut.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

PAD, BEGIN, END, GAP = 0, 1, 2, 3
FIRST_BYTE = 4
FIRST_WORD = FIRST_BYTE + 256

_PIECE = re.compile(r"[a-z0-9]+|[^a-z0-9\s]")


@dataclass(frozen=True)
class Tokenizer:
    """Vocabulary and length limit of a cast's text encoder. No pydantic here: training reads it too."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    vocabulary: tuple[str, ...]
    max_tokens: int = 256

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: FIRST_WORD + i for i, word in enumerate(self.vocabulary)}

    @property
    def size(self) -> int:
        """Number of ids in use."""
        return FIRST_WORD + len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """Ids of ``text`` between begin and end, at most ``max_tokens`` of them."""
        ids = [BEGIN]
        spelled = False
        for piece in _PIECE.findall(text.lower()):
            known = self._ids.get(piece)
            if known is not None:
                ids.append(known)
            else:
                ids.extend([GAP] * spelled + [FIRST_BYTE + byte for byte in piece.encode()])
            spelled = known is None
            if len(ids) >= self.max_tokens:
                break
        return [*ids[: self.max_tokens - 1], END]

    def batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, padded to the longest."""
        rows = [self.encode(text) for text in texts]
        longest = max(map(len, rows))
        return [row + [PAD] * (longest - len(row)) for row in rows]
