"""A contact sheet to look at: `python -m training.world.sheet OUT.png`.

One clip a row, eight frames a clip, from left to right; the captions are printed, in the order of the rows.
"""

import struct
import zlib
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.world.dataset import SIZES, clip
from training.world.scene import Split

COLUMNS = 8
GAP = 4


def png(picture: NDArray[np.uint8]) -> bytes:
    """The RGB picture [H,W,3] as a PNG file (ISO/IEC 15948: 8-bit colour type 2, no filter)."""
    height, width = picture.shape[:2]
    lines = np.zeros((height, 1 + width * 3), np.uint8)
    lines[:, 1:] = picture.reshape(height, width * 3)
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 6)),
        (b"IEND", b""),
    )
    body = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def row(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Eight frames of a film [F,H,W,3], evenly chosen, side by side on grey."""
    chosen = frames[np.linspace(0, len(frames) - 1, COLUMNS).round().astype(int)]
    height, width = frames.shape[1:3]
    strip = np.full((height + GAP, COLUMNS * (width + GAP), 3), 90, np.uint8)
    for number, frame in enumerate(chosen):
        left = number * (width + GAP)
        strip[:height, left : left + width] = frame
    return strip


def sheet(first_seed: int, rows: int, split: Split = "train") -> tuple[NDArray[np.uint8], list[str]]:
    """The picture of `rows` clips of 256x144, and their captions."""
    clips = [clip(first_seed + number, 32, SIZES[0], 16, split) for number in range(rows)]
    captions = [f"{film.scene.seed}: {film.caption} | {film.sound_caption}" for film in clips]
    return np.concatenate([row(film.frames) for film in clips]), captions


def main() -> None:
    """Writes the sheet and prints its captions."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("first_seed", type=int, nargs="?", default=0)
    parser.add_argument("rows", type=int, nargs="?", default=12)
    parser.add_argument("--split", choices=("train", "heldout"), default="train")
    chosen = parser.parse_args()
    picture, captions = sheet(chosen.first_seed, chosen.rows, chosen.split)
    chosen.target.write_bytes(png(picture))
    print("\n".join(captions))


if __name__ == "__main__":
    main()
