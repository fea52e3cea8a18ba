"""Weights of a network as float16 safetensors, in files small enough for a repository.

A folder holds the weights of one network: `weights-00001-of-0000N.safetensors`. The graph beside them
(see `export`) points into the same files.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from torch import Tensor, nn

from services.contract.errors import ConfigurationError

SHARD_BYTES = 15 * 2**20
_PATTERN = "weights-*.safetensors"
_HEADER_LENGTH_BYTES = 8


@dataclass(frozen=True)
class Place:
    """Where the bytes of one tensor lie: file in the folder, offset and length in bytes."""

    file: str
    offset: int
    length: int


def rounded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they are stored: float32 as float16, others as they are.

    Raises ConfigurationError where a weight is not finite or beyond float16.
    """
    stored = {}
    for name, tensor in state.items():
        value = tensor.detach().to("cpu", torch.float16 if tensor.dtype == torch.float32 else tensor.dtype)
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise ConfigurationError(f"weight {name} does not fit float16")
        stored[name] = value.contiguous()
    return stored


def save(state: Mapping[str, Tensor], folder: Path, *, shard_bytes: int = SHARD_BYTES) -> list[Path]:
    """Write the tensors to `folder` in place of all weights there; a file holds at most `shard_bytes`.

    A single tensor beyond that has a file to itself. Raises ConfigurationError as `rounded` does.
    """
    shards = list(_shards(rounded(state), shard_bytes))
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(_PATTERN):
        old.unlink()
    paths = [folder / name for name in _names(len(shards))]
    for path, shard in zip(paths, shards, strict=True):
        path.write_bytes(serialize(shard))
    return paths


def files(source: Path) -> list[Path]:
    """The weight files of a folder in order; a file is its own.

    Raises ConfigurationError where there are none or one is missing.
    """
    if source.is_file():
        return [source]
    found = sorted(source.glob(_PATTERN))
    if not found or [path.name for path in found] != _names(len(found)):
        raise ConfigurationError(f"weights in {source}: {[path.name for path in found] or 'none'}")
    return found


def read(source: Path) -> dict[str, Tensor]:
    """All tensors of a folder or file, float16 as float32.

    Raises ConfigurationError where a file is missing or broken.
    """
    state: dict[str, Tensor] = {}
    for path in files(source):
        try:
            state |= load_file(path)
        except (OSError, SafetensorError) as error:
            raise ConfigurationError(f"weights {path}: {error}") from error
    return {name: value.float() if value.dtype == torch.float16 else value for name, value in state.items()}


def load(network: nn.Module, source: Path) -> None:
    """Give a network the weights of a folder or file.

    Raises ConfigurationError where a tensor is missing, is one too many or has another shape.
    """
    try:
        network.load_state_dict(read(source), strict=True)
    except RuntimeError as error:
        raise ConfigurationError(f"weights in {source}: {error}") from error


def places(folder: Path) -> dict[str, Place]:
    """Where each tensor of a folder lies (safetensors: length of the header, header, bytes)."""
    found = {}
    for path in files(folder):
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_HEADER_LENGTH_BYTES), "little")
            header = json.loads(file.read(length))
        for name, entry in header.items():
            if name != "__metadata__":
                start, stop = entry["data_offsets"]
                found[name] = Place(path.name, _HEADER_LENGTH_BYTES + length + start, stop - start)
    return found


def _names(count: int) -> list[str]:
    return [f"weights-{number:05d}-of-{count:05d}.safetensors" for number in range(1, count + 1)]


def _shards(state: Mapping[str, Tensor], shard_bytes: int) -> Iterator[dict[str, Tensor]]:
    shard: dict[str, Tensor] = {}
    size_bytes = 0
    for name, tensor in state.items():
        if shard and size_bytes + tensor.nbytes > shard_bytes:
            yield shard
            shard, size_bytes = {}, 0
        shard[name] = tensor
        size_bytes += tensor.nbytes
    if shard:
        yield shard
