"""What a run leaves, as a few files of limited size."""

import os
import tarfile
from pathlib import Path

PART_BYTES = 15 * 2**20
MOST_BYTES = 58 * 2**20
KINDS = (".safetensors", ".jsonl", ".err", ".pace", ".png", ".done", ".wav")
NAME = "moviegen-mini.tar.gz"


def pack(work: Path, out: Path) -> str:
    """Write the files of a run to `NAME.part-aa`, `-ab`, ... in `out`; says how much. Weights come first.

    Files that would make more than 58 MiB are left out. `cat NAME.part-* | tar xz` unpacks.
    """
    files = sorted((p for p in work.iterdir() if p.suffix in KINDS), key=lambda p: (KINDS.index(p.suffix), p))
    draft, total = work / "parcel.draft", 0
    with tarfile.open(draft, "w:gz", compresslevel=1) as tar:
        for path in files:
            size = path.stat().st_size
            if total + size <= MOST_BYTES:
                tar.add(path, path.name)
                total += size
    names = _split(draft, out)
    for stale in out.glob(f"{NAME}.part-*"):
        if stale.name not in names:
            stale.unlink()
    draft.unlink()
    return f"{len(files)} files, {total / 2**20:.1f} MiB, in {len(names)} parts"


def _split(whole: Path, out: Path) -> list[str]:
    names: list[str] = []
    with whole.open("rb") as source:
        while data := source.read(PART_BYTES):
            name = f"{NAME}.part-a{'abcdefghijklmnopqrstuvwxyz'[len(names)]}"
            draft = out / f"{name}.draft"
            draft.write_bytes(data)
            os.replace(draft, out / name)
            names.append(name)
    return names
