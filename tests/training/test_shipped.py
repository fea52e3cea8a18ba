from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from training import shipped
from training.recipes.files import frozen


def test_a_run_goes_on_from_what_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "tae.state").touch()
    shipped.main([str(tmp_path), "text_encoder", "video_encoder"])
    assert {path.stem for path in tmp_path.glob("*.safetensors")} == set(NETWORKS)
    assert not (tmp_path / "tae.state").exists()
    assert {path.stem for path in tmp_path.glob("*.done")} == {"text_encoder", "video_encoder"}
    for name in NETWORKS:
        frozen(tmp_path / f"{name}.safetensors", name, "cpu")


def test_none_need_be_final(tmp_path: Path) -> None:
    shipped.main([str(tmp_path)])
    assert len(list(tmp_path.glob("*.safetensors"))) == len(NETWORKS)
    assert not list(tmp_path.glob("*.done"))


def test_weights_in_several_files_become_one(tmp_path: Path) -> None:
    weights = {f"w{number}": torch.randn(64, 64).half() for number in range(4)}
    for name in NETWORKS:
        (tmp_path / "repo" / name / "1").mkdir(parents=True)
        written = checkpoint.save(weights, tmp_path / "repo" / name / "1", shard_bytes=20_000)
        assert len(written) == 2
    shipped.unpack(tmp_path / "repo", tmp_path / "work", frozenset())
    found = load_file(tmp_path / "work" / f"{NETWORKS[0]}.safetensors")
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)
    assert not list((tmp_path / "work").glob("*.done"))


def test_an_unknown_network_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        shipped.main([str(tmp_path), "sound_encoder"])
    assert "sound_encoder" in capsys.readouterr().err
