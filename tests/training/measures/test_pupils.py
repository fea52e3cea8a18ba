import json
from pathlib import Path

import numpy as np
import pytest
import torch

from training.measures import ears, listening
from training.measures.lessons import lessons
from training.measures.pupils import Hits, Sounds, packed


def test_arrays_come_back_from_their_text() -> None:
    array = np.array([[0.5, -2.0, 3.25]])
    assert listening._unpacked(packed(array)).tolist() == array.tolist()


def test_listening_computes_what_was_taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = lessons(4)
    torch.manual_seed(0)
    sounds = Sounds(told).eval()
    hits = Hits(np.concatenate([one.moments for one in told])).eval()
    parts = {
        "hits": hits.parts(),
        "sounds": sounds.parts(),
        "course": sounds.course.parts(),
        "tune": sounds.tune.parts(),
    }
    monkeypatch.setattr(listening, "FILE", tmp_path / "ears.json")
    listening.FILE.write_text(json.dumps(parts))
    listening._networks.cache_clear()
    wave = np.random.default_rng(0).standard_normal(96_000).astype(np.float32) * 0.1
    rows = (f(wave).astype(np.float32)[None] for f in (ears.description, ears.course, ears.tune))
    try:
        with torch.no_grad():
            wanted = sounds(*(torch.from_numpy(row) for row in rows))[0].numpy()
        assert listening._whole(wave) == pytest.approx(wanted, abs=0.02)
    finally:
        listening._networks.cache_clear()
