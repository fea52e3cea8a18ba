import struct
import wave
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from training.recipes import files


def test_weights_are_written_in_half_precision(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, other = nn.Linear(3, 4), nn.Linear(3, 4)
    path = tmp_path / "a.safetensors"
    files.write_weights(path, network.state_dict())
    assert files.read_weights(path, other) == {"fresh": [], "dropped": []}
    assert other.weight.dtype == torch.float32
    torch.testing.assert_close(other.weight, network.weight.half().float())
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_part_that_a_file_lacks_stays_fresh(tmp_path: Path) -> None:
    path, network = tmp_path / "a.safetensors", nn.Linear(3, 4)
    files.write_weights(path, {"weight": torch.ones(4, 3)})
    fresh = network.bias.detach().clone()
    assert files.read_weights(path, network) == {"fresh": ["bias"], "dropped": []}
    assert torch.equal(network.bias, fresh)
    assert network.weight.eq(1).all()


def test_a_part_that_the_network_has_otherwise_or_not_is_dropped(tmp_path: Path) -> None:
    path, network = tmp_path / "a.safetensors", nn.Linear(3, 4)
    fresh = network.bias.detach().clone()
    files.write_weights(path, {"weight": torch.ones(4, 3), "bias": torch.ones(2), "other": torch.ones(1)})
    assert files.read_weights(path, network) == {"fresh": ["bias"], "dropped": ["bias", "other"]}
    assert torch.equal(network.bias, fresh)
    assert network.weight.eq(1).all()


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    files.write_weights(path, {"weight": torch.ones(4, 3)})
    with pytest.raises(RuntimeError, match="is of another network"):
        files.read_weights(path, nn.Linear(2, 4))


def test_a_png_holds_the_pixels(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    path = tmp_path / "a.png"
    files.write_png(path, picture)
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (5, 3)
    size = struct.unpack(">I", data[33:37])[0]
    assert data[37:41] == b"IDAT"
    lines = np.frombuffer(zlib.decompress(data[41 : 41 + size]), np.uint8).reshape(3, 16)
    np.testing.assert_array_equal(lines[:, 1:].reshape(3, 5, 3), picture)


def test_a_grid_puts_frames_side_by_side() -> None:
    frames = torch.arange(6, dtype=torch.uint8)[:, None, None, None].expand(6, 2, 2, 3).reshape(2, 3, 2, 2, 3)
    picture = files.grid(frames)
    assert picture.shape == (4, 6, 3)
    assert picture[::2, ::2, 0].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_wave_file_holds_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    files.write_wave(path, torch.tensor([0.0, 1.0, -1.0, 2.0]))
    with wave.open(str(path)) as file:
        assert file.getframerate() == 48_000
        samples = np.frombuffer(file.readframes(4), "<i2")
    assert samples.tolist() == [0, 32767, -32767, 32767]
