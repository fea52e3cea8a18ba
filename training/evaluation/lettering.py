"""Letters on pictures: five by seven pixels each, for captions under strips of film."""

import numpy as np
from numpy.typing import NDArray

WIDE, HIGH = 6, 10
# Each letter as its seven rows from above, a byte each, whose low five bits are the pixels.
FONT = {
    "a": "00000e010f110f", "b": "10101e1111111e", "c": "00000e1110110e", "d": "01010f1111110f",
    "e": "00000e111f100e", "f": "0609081c080808", "g": "000f11110f010e", "h": "10101e11111111",
    "i": "04000c0404040e", "j": "0200060202120c", "k": "10101214181412", "l": "0c04040404040e",
    "m": "00001a15151515", "n": "00001e11111111", "o": "00000e1111110e", "p": "00001e111e1010",
    "q": "00000f110f0101", "r": "00001619101010", "s": "00000f100e011e", "t": "08081c08080906",
    "u": "0000111111130d", "v": "00001111110a04", "w": "0000111115150a", "x": "0000110a040a11",
    "y": "000011110f010e", "z": "00001f0204081f", "0": "0e11131519110e", "1": "040c040404040e",
    "2": "0e11010204081f", "3": "1f02040201110e", "4": "02060a121f0202", "5": "1f101e0101110e",
    "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e", "9": "0e11110f01020c",
    ".": "00000000000c0c", ",": "000000000c0408", ":": "000c0c000c0c00", "-": "0000001f000000",
    "+": "0004041f040400", "/": "01010204081010", "(": "02040808080402", ")": "08040202020408",
    "%": "19190204081313", "?": "0e110102040004",
    ";": "000c0c000c0408", "'": "04040000000000", '"': "0a0a0000000000",
}  # fmt: skip
UNKNOWN = FONT["?"]


def written(text: str, width: int, colour: tuple[int, int, int] = (235, 235, 235)) -> NDArray[np.uint8]:
    """Lines of text on dark grey [h,width,3], broken between words; capitals are written small."""
    lines = _lines(text.lower(), max(1, (width - 4) // WIDE))
    picture = np.full((HIGH * len(lines) + 2, width, 3), 40, np.uint8)
    for row, line in enumerate(lines):
        for place, letter in enumerate(line):
            if letter != " ":
                bits = np.frombuffer(bytes.fromhex(FONT.get(letter, UNKNOWN)), np.uint8)
                ink = np.unpackbits(bits[:, None], axis=1)[:, 3:].astype(bool)
                top, left = 2 + row * HIGH, 3 + place * WIDE
                picture[top : top + 7, left : left + 5][ink] = colour
    return picture


def _lines(text: str, most: int) -> list[str]:
    """Text in lines of at most so many letters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [line[:most] for line in lines]
