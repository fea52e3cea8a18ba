import os
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from training.evaluation.guard import Guard


def test_a_network_that_is_written_again_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "upsampler" / "1"
    folder.mkdir(parents=True)
    graph = folder / "model.onnx"
    graph.write_bytes(b"1")
    guard = Guard(tmp_path)
    guard.check()
    (folder / "model.py").write_text("")
    guard.check()
    os.utime(graph, ns=(1, 1))
    with pytest.raises(ConfigurationError, match="replaced meanwhile"):
        guard.check()
    later = Guard(tmp_path)
    later.check()
    graph.unlink()
    with pytest.raises(ConfigurationError, match="replaced meanwhile"):
        later.check()
