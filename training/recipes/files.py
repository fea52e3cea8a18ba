"""Pictures, sounds and weights to files, each written whole before it takes its name."""

import os
import struct
import wave
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from services.families.moviegen import casts
from training.recipes.feed import Array
from training.recipes.lean import lean
from training.recipes.order import CAST


def write_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Tensors as float16 safetensors."""
    half = {name: tensor.detach().to(torch.float16).cpu().contiguous() for name, tensor in tensors.items()}
    draft = path.with_suffix(".draft")
    save_file(half, draft)
    os.replace(draft, path)


def read_weights(path: Path, network: nn.Module) -> dict[str, list[str]]:
    """Copy the tensors of a file into a network, for what both have alike.

    `fresh` are the names that the file lacks, `dropped` those that the network has not, or in another shape:
    so a network of which a part has changed can go on from older weights. Raises RuntimeError where less than
    half of the numbers in the file are of use.
    """
    found, own = load_file(path), network.state_dict()
    used = {name: t for name, t in found.items() if name in own and own[name].shape == t.shape}
    if 2 * sum(t.numel() for t in used.values()) < sum(t.numel() for t in found.values()):
        raise RuntimeError(f"{path.name} is of another network")
    network.load_state_dict(used, strict=False)
    return {"fresh": [name for name in own if name not in used], "dropped": sorted(found.keys() - used)}


def frozen(path: Path, name: str, device: str) -> nn.Module:
    """The network `name` with the weights of a file, for inference."""
    return loaded(name, load_file(path), device)


def loaded(name: str, tensors: Mapping[str, Tensor], device: str) -> nn.Module:
    """The network `name` with given weights, all of them, for inference."""
    network = casts.build(CAST, name)
    network.load_state_dict(tensors, strict=True)
    lean(network)
    return network.to(device).eval().requires_grad_(False)


def write_png(path: Path, picture: Array) -> None:
    """An RGB picture uint8 [H,W,3]."""
    height, width = picture.shape[:2]
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = picture.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
    body += _chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)) + _chunk(b"IEND", b"")
    draft = path.with_suffix(".draft")
    draft.write_bytes(body)
    os.replace(draft, path)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def grid(frames: Tensor) -> Array:
    """One picture of frames uint8 [rows, columns, H, W, 3]."""
    rows, columns, height, width, _ = frames.shape
    picture: Array = frames.permute(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3).cpu().numpy()
    return picture


def write_wave(path: Path, waveform: Tensor, rate_hz: int = 48_000) -> None:
    """A mono waveform [S] in [-1, 1] as 16-bit PCM."""
    samples = (waveform.float().clamp(-1, 1) * 32767).round().to(torch.int16).cpu().numpy()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
