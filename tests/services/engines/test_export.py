"""Exported graphs against torch: of small networks with random weights, and those that are shipped."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from services.contract import tensors
from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from services.engines.export import GRAPH, export, main, randomize
from services.engines.session import Session
from services.engines.signatures import SIGNATURES, Input, Output, Signature
from services.engines.tensorrt_ops import refusals
from services.families.moviegen.audio_codec import AudioCodecParams, AudioDecoder, AudioEncoder
from services.families.moviegen.audio_transformer import AudioTransformer, AudioTransformerParams
from services.families.moviegen.casts import build
from services.families.moviegen.character_encoder import CharacterParams
from services.families.moviegen.layout_field import LayoutFieldParams
from services.families.moviegen.layout_reader import LayoutReader, LayoutReaderParams
from services.families.moviegen.layout_transformer import LayoutTransformer, LayoutTransformerParams
from services.families.moviegen.tae import TAEDecoder, TAEEncoder, TAEParams
from services.families.moviegen.text_encoder import TextEncoder, TextEncoderParams
from services.families.moviegen.upsampler import PixelUpsampler, PixelUpsamplerParams
from services.families.moviegen.video_transformer import CHARACTER, VideoTransformer, VideoTransformerParams
from services.families.moviegen.visual_encoder import VisualEncoder, VisualEncoderParams

SHIPPED = Path(__file__).parents[3] / "model_repo"
TOLERANCE = 1e-4

# Blocks of all kinds are in the middle; those of the stages would only add to the time.
TAE = TAEParams(widths=(8, 8, 16, 16), encoder_blocks=0, decoder_blocks=0, groups=4, latent_channels=4)
CODEC = AudioCodecParams(encoder_width=2, decoder_width=32, latent_channels=4)
SMALL: Mapping[str, partial[nn.Module]] = {
    tensors.TEXT_ENCODER: partial(TextEncoder, TextEncoderParams(layers=1)),
    tensors.VISUAL_ENCODER: partial(VisualEncoder, VisualEncoderParams(widths=(8, 16, 16, 16))),
    tensors.VIDEO_ENCODER: partial(TAEEncoder, TAE),
    tensors.VIDEO_DECODER: partial(TAEDecoder, TAE),
    tensors.LAYOUT_READER: partial(LayoutReader, LayoutReaderParams(4, width=16, dilations=(1, 2))),
    tensors.LAYOUT_TRANSFORMER: partial(
        LayoutTransformer, LayoutTransformerParams(width=64, layers=2, heads=2, hidden=96, text_width=24)
    ),
    tensors.VIDEO_TRANSFORMER: partial(
        VideoTransformer,
        VideoTransformerParams(
            width=64,
            layers=2,
            heads=2,
            hidden=96,
            text_width=24,
            character=CharacterParams(side=4, width=32, layers=1, heads=2, hidden=48),
            layout=LayoutFieldParams(width=8, features=8),
        ),
    ),
    tensors.UPSAMPLER: partial(PixelUpsampler, PixelUpsamplerParams(width=8, blocks=1, fine_width=4)),
    tensors.AUDIO_ENCODER: partial(AudioEncoder, CODEC),
    tensors.AUDIO_DECODER: partial(AudioDecoder, CODEC),
    tensors.AUDIO_TRANSFORMER: partial(
        AudioTransformer,
        AudioTransformerParams(
            width=64, layers=2, heads=2, hidden=96, text_width=24, visual_width=16, latent_channels=4
        ),
    ),
}
# Each letter of the signature at its least, odd, and at sizes that share no factor.
SIZES: Mapping[str, tuple[dict[str, int], ...]] = {
    tensors.TEXT_ENCODER: ({"B": 1, "L": 1}, {"B": 3, "L": 77}),
    tensors.VISUAL_ENCODER: ({"N": 1}, {"N": 5}),
    tensors.VIDEO_ENCODER: (
        {"B": 1, "F": 1, "H": 32, "W": 64},
        {"B": 2, "F": 17, "H": 40, "W": 24},
        {"B": 1, "F": 24, "H": 16, "W": 16},
    ),
    tensors.VIDEO_DECODER: ({"B": 1, "T": 1, "h": 4, "w": 8}, {"B": 2, "T": 3, "h": 5, "w": 3}),
    tensors.LAYOUT_READER: ({"B": 1, "T": 1, "h": 4, "w": 6}, {"B": 2, "T": 3, "h": 5, "w": 7}),
    tensors.LAYOUT_TRANSFORMER: ({"B": 1, "L": 1, "T": 1}, {"B": 2, "L": 9, "T": 32}),
    tensors.VIDEO_TRANSFORMER: (
        {"B": 1, "L": 1, "T": 1, "h": 4, "w": 6},
        {"B": 2, "L": 9, "T": 5, "h": 18, "w": 8},
        {"B": 3, "L": 40, "T": 2, "h": 6, "w": 10},
    ),
    tensors.UPSAMPLER: ({"N": 1, "h": 18, "w": 32}, {"N": 3, "h": 12, "w": 10}),
    tensors.AUDIO_ENCODER: ({"B": 1, "S": 1920}, {"B": 2, "S": 7 * 1920}),
    tensors.AUDIO_DECODER: ({"B": 1, "T": 1}, {"B": 2, "T": 9}),
    tensors.AUDIO_TRANSFORMER: (
        {"B": 1, "L": 1, "T": 1},
        {"B": 2, "L": 9, "T": 101},
        {"B": 3, "L": 40, "T": 6},
    ),
}
WANTED_SIZES = ([54, 96], [108, 90], [270, 480])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """The exporter warns of packages that it could use."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield
    logger.setLevel(level)


def feed(signature: Signature, sizes: dict[str, int], seed: int) -> dict[str, Any]:
    """Inputs of these sizes: normal, but for what has a meaning of its own."""
    random = np.random.default_rng(seed)

    def fill(given: Input) -> np.ndarray:
        shape = tuple(sizes[dim] if isinstance(dim, str) else dim for dim in given.dims)
        match given.name:
            case tensors.SIZE:
                return np.array(WANTED_SIZES[seed % len(WANTED_SIZES)])
            case tensors.TOKENS:
                tokens = random.integers(1, 1000, shape)
                tokens[0, 1 + shape[1] // 2 :] = 0
                return tokens
            case tensors.TASK:
                tasks = random.integers(0, 5, shape)
                tasks[-1] = CHARACTER
                return tasks
            case tensors.TIMESTEP:
                return np.linspace(0, 1, *shape, dtype=np.float32)
            case tensors.ASPECT:
                return np.linspace(0.5, 1.8, *shape, dtype=np.float32)
            case tensors.TEXT_MASK:
                mask = np.ones(shape, np.float32)
                mask[0, 1 + shape[1] // 2 :] = 0
                return mask
        return random.standard_normal(shape, np.float32)

    return {given.name: fill(given) for given in signature.inputs}


def assert_equal_to_torch(name: str, network: nn.Module, folder: Path) -> None:
    """Hold the graph in a folder against the network with the weights of that folder."""
    checkpoint.load(network.eval(), folder)
    session = Session(folder / GRAPH, threads=1)
    signature = SIGNATURES[name](network.params)
    for seed, sizes in enumerate(SIZES[name]):
        inputs = feed(signature, sizes, seed)
        with torch.inference_mode():
            wanted = network(**{key: torch.from_numpy(value) for key, value in inputs.items()})
        answer = session.run(inputs)
        assert list(answer) == [output.name for output in signature.outputs]
        for key, value in zip(answer, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
            assert float(value.std()) > 1e-3, f"{key} is the same everywhere: it proves nothing"
            # Velocities from predicted data are large where little time is left.
            near = TOLERANCE * max(1.0, float(value.std()))
            np.testing.assert_allclose(answer[key], value.numpy(), rtol=0, atol=near, err_msg=f"{sizes}")


def assert_signature(name: str, network: nn.Module, path: Path) -> None:
    session, signature = Session(path, threads=1), SIGNATURES[name](network.params)
    assert [(tensor.name, tensor.shape) for tensor in session.inputs] == [
        (given.name, given.dims) for given in signature.inputs
    ]
    for tensor, wanted in zip(session.outputs, signature.outputs, strict=True):
        assert tensor.name == wanted.name
        assert len(tensor.shape) == len(wanted.dims)
        for dim, letter in zip(tensor.shape, wanted.dims, strict=True):
            assert isinstance(dim, int) if letter is None else dim == letter


def assert_lean(path: Path, network: nn.Module) -> None:
    """Small, without traces of where it was made, each weight once and in the checkpoint."""
    data = path.read_bytes()
    assert len(data) < 2**20
    assert b".py" not in data
    assert str(Path.cwd()).encode() not in data
    graph = onnx.load(path, load_external_data=False).graph
    outside = {tensor.name: tensor for tensor in graph.initializer if tensor.external_data}
    assert outside.keys() == dict(network.state_dict()).keys()
    assert {tensor.data_type for tensor in outside.values()} == {onnx.TensorProto.FLOAT16}
    assert all(len(t.raw_data) <= 1024 for t in graph.initializer if t.name not in outside)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_an_exported_network_equals_torch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = SMALL[name]()
    randomize(network, seed=2, scale=0.05)
    path = export(network, SIGNATURES[name](network.params), tmp_path)
    assert_equal_to_torch(name, network, tmp_path)
    assert_signature(name, network, path)
    assert_lean(path, network)
    assert refusals(onnx.load(path, load_external_data=False)) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_a_shipped_graph_equals_torch(name: str) -> None:
    network = build("moviegen-mini", name)
    folder = SHIPPED / name / "1"
    assert_equal_to_torch(name, network, folder)
    assert_signature(name, network, folder / GRAPH)
    assert_lean(folder / GRAPH, network)


@pytest.mark.parametrize("name", NETWORKS)
def test_tensorrt_takes_a_shipped_graph(name: str) -> None:
    assert refusals(onnx.load(SHIPPED / name / "1" / GRAPH, load_external_data=False)) == []


@pytest.mark.parametrize("name", NETWORKS)
def test_shipped_files_are_small(name: str) -> None:
    assert all(path.stat().st_size < 16 * 2**20 for path in (SHIPPED / name / "1").iterdir())


class Affine(nn.Module):
    """As small as a network can be."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.linear(frames)
        return y


AFFINE = Signature((Input("frames", ("N", 3)),), (Output("features", ("N", None)),), {"N": 2})


def test_a_graph_reads_its_weights_from_the_checkpoint(tmp_path: Path) -> None:
    first, second = Affine(), Affine()
    path = export(first, AFFINE, tmp_path)
    frames = np.ones((4, 3), np.float32)
    before = Session(path, threads=1).run({"frames": frames})["features"]
    checkpoint.save(second.state_dict(), tmp_path)
    after = Session(path, threads=1).run({"frames": frames})["features"]
    checkpoint.load(second, tmp_path)
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after, second(torch.from_numpy(frames)).detach().numpy(), atol=1e-6)


def test_weights_of_several_files_are_found(tmp_path: Path) -> None:
    network = Affine()
    path = export(network, AFFINE, tmp_path, shard_bytes=8)
    assert len(checkpoint.files(tmp_path)) == 2
    checkpoint.load(network, tmp_path)
    frames = np.ones((1, 3), np.float32)
    answer = Session(path, threads=1).run({"frames": frames})["features"]
    np.testing.assert_allclose(answer, network(torch.from_numpy(frames)).detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("source", ["--random", "--shipped", "--checkpoints"])
def test_the_command_exports_networks_of_a_cast(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, folder = tensors.VISUAL_ENCODER, tmp_path / tensors.VISUAL_ENCODER / "1"
    network = build("moviegen-mini", name)
    if source != "--random":
        (path,) = checkpoint.save(network.state_dict(), folder)
    words = ["export", source, "--network", name, "--out", str(tmp_path)]
    if source == "--checkpoints":
        path.rename(tmp_path / f"{name}.safetensors")
        words.insert(2, str(tmp_path))
    monkeypatch.setattr("sys.argv", words)
    main()
    same = torch.equal(checkpoint.read(folder)["norm.weight"], network.get_parameter("norm.weight"))
    assert same == (source != "--random")
    assert_equal_to_torch(name, network, folder)
