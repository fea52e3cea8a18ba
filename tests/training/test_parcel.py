import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from training import parcel


def unpacked(out: Path) -> dict[str, bytes]:
    whole = b"".join(path.read_bytes() for path in sorted(out.iterdir()))
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as tar:
        return {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]


def test_the_parts_together_are_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "PART_BYTES", 1000)
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    noise = np.random.default_rng(0).bytes(3000)
    (work / "a.safetensors").write_bytes(noise)
    (work / "b.jsonl").write_text("{}\n")
    (work / "c.unknown").write_text("no")
    (out / f"{parcel.NAME}.part-az").write_bytes(b"of an earlier run")
    parcel.pack(work, out)
    assert [path.name[-7:] for path in sorted(out.iterdir())] == ["part-aa", "part-ab", "part-ac", "part-ad"]
    assert unpacked(out) == {"a.safetensors": noise, "b.jsonl": b"{}\n"}


def test_weights_go_first_where_not_all_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "MOST_BYTES", 15)
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    (work / "sound.wav").write_bytes(b"0123456789")
    (work / "z.safetensors").write_bytes(b"0123456789")
    parcel.pack(work, out)
    assert list(unpacked(out)) == ["z.safetensors"]
