"""The model repository read as Triton reads it, without Triton."""

import ast
from pathlib import Path

import onnx
import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as pb

from services.contract import tensors

REPOSITORY = Path(__file__).parents[2] / "model_repo"
MODELS = (*tensors.NETWORKS, *tensors.ENTRY_MODELS)
STREAMS = (tensors.SAMPLE_VIDEO, tensors.SAMPLE_AUDIO)
NAMES = {value for key, value in vars(tensors).items() if key.isupper() and isinstance(value, str)}
TYPES = {
    onnx.TensorProto.FLOAT: pb.TYPE_FP32,
    onnx.TensorProto.INT64: pb.TYPE_INT64,
}
SEEN_AND_TOLD = [tensors.TEXT, tensors.TEXT_MASK, tensors.LATENTS, tensors.CHARACTER]
Signature = dict[str, tuple[int, list[int]]]


def config(model: str, variant: str | None = None) -> pb.ModelConfig:
    path = REPOSITORY / model / (f"configs/{variant}.pbtxt" if variant else "config.pbtxt")
    return text_format.Parse(path.read_text(), pb.ModelConfig())


def behind_the_door(read: pb.ModelConfig, kind: str) -> Signature:
    """Types and dimensions by name, as the model itself sees them."""
    batch = [-1] if read.max_batch_size else []
    signature = {}
    for tensor in getattr(read, kind):
        dims = tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims
        signature[tensor.name] = (tensor.data_type, batch + list(dims))
    return signature


def at_the_door(read: pb.ModelConfig, kind: str) -> Signature:
    """Types and dimensions by name, as a client sends them."""
    batch = [-1] if read.max_batch_size else []
    return {tensor.name: (tensor.data_type, batch + list(tensor.dims)) for tensor in getattr(read, kind)}


def of_graph(values: object) -> Signature:
    signature = {}
    for value in values:  # type: ignore[attr-defined]
        tensor = value.type.tensor_type
        dims = [dim.dim_value if dim.HasField("dim_value") else -1 for dim in tensor.shape.dim]
        signature[value.name] = (TYPES[tensor.elem_type], dims)
    return signature


def test_the_repository_holds_the_models_of_the_contract() -> None:
    assert sorted(path.name for path in REPOSITORY.iterdir() if path.is_dir()) == sorted(MODELS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("variant", [None, "tensorrt"])
def test_names_are_those_of_the_contract(model: str, variant: str | None) -> None:
    read = config(model, variant)
    assert read.name == model
    assert {tensor.name for tensor in (*read.input, *read.output)} <= NAMES


@pytest.mark.parametrize("model", tensors.NETWORKS)
def test_networks_have_the_tensors_of_their_graphs(model: str) -> None:
    graph = onnx.load(REPOSITORY / model / "1" / "model.onnx", load_external_data=False).graph
    read = config(model)
    assert behind_the_door(read, "input") == of_graph(graph.input)
    assert {name: (kind, len(dims)) for name, (kind, dims) in behind_the_door(read, "output").items()} == {
        name: (kind, len(dims)) for name, (kind, dims) in of_graph(graph.output).items()
    }


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["input", "output"])
def test_a_plan_takes_what_the_cpu_takes(model: str, kind: str) -> None:
    cpu, gpu = config(model), config(model, "tensorrt")
    assert at_the_door(cpu, kind) == at_the_door(gpu, kind)
    assert behind_the_door(cpu, kind) == behind_the_door(gpu, kind)


@pytest.mark.parametrize("model", tensors.NETWORKS)
def test_networks_run_on_their_hardware(model: str) -> None:
    cpu, gpu = config(model), config(model, "tensorrt")
    assert (cpu.backend, gpu.platform) == ("python", "tensorrt_plan")
    assert [group.kind for group in cpu.instance_group] == [pb.ModelInstanceGroup.KIND_CPU]
    assert [group.kind for group in gpu.instance_group] == [pb.ModelInstanceGroup.KIND_GPU]


@pytest.mark.parametrize("model", tensors.NETWORKS)
def test_scalars_have_a_dimension_of_one_at_the_door(model: str) -> None:
    door = at_the_door(config(model), "input")
    inside = behind_the_door(config(model), "input")
    for name in door:
        assert door[name][1] == (inside[name][1] + [1] if name in tensors.SCALARS else inside[name][1])


def test_transformers_merge_the_calls_of_several_films() -> None:
    for model in (tensors.LAYOUT_TRANSFORMER, tensors.VIDEO_TRANSFORMER, tensors.AUDIO_TRANSFORMER):
        plan = config(model, "tensorrt")
        assert plan.HasField("dynamic_batching")
        assert plan.max_batch_size >= 4


def test_the_size_of_a_plan_is_a_shape_and_not_data() -> None:
    shapes = {tensor.name for tensor in config(tensors.UPSAMPLER, "tensorrt").input if tensor.is_shape_tensor}
    assert shapes == {tensors.SIZE}


@pytest.mark.parametrize("model", tensors.ENTRY_MODELS)
@pytest.mark.parametrize("variant", [None, "tensorrt"])
def test_the_loops_and_no_others_stream(model: str, variant: str | None) -> None:
    assert config(model, variant).model_transaction_policy.decoupled == (model in STREAMS)


@pytest.mark.parametrize(
    ("loop", "network", "inputs"),
    [
        (tensors.SAMPLE_VIDEO, tensors.VIDEO_TRANSFORMER, SEEN_AND_TOLD),
        (tensors.SAMPLE_AUDIO, tensors.AUDIO_TRANSFORMER, [tensors.TEXT, tensors.TEXT_MASK, tensors.LATENTS]),
        (tensors.DECODE_VIDEO, tensors.VIDEO_DECODER, [tensors.LATENTS]),
    ],
)
def test_loops_have_the_geometry_of_their_networks(loop: str, network: str, inputs: list[str]) -> None:
    outer, inner = at_the_door(config(loop), "input"), at_the_door(config(network), "input")
    for name in inputs:
        (kind, dims), (network_kind, network_dims) = outer[name], inner[name]
        assert kind == network_kind
        assert dims[-len(network_dims) + 1 :] == network_dims[1:]


def test_features_and_states_fit_who_takes_them() -> None:
    states = at_the_door(config(tensors.TEXT_ENCODER), "output")[tensors.STATES]
    features = at_the_door(config(tensors.VISUAL_ENCODER), "output")[tensors.FEATURES]
    for model in (tensors.LAYOUT_TRANSFORMER, tensors.VIDEO_TRANSFORMER, tensors.AUDIO_TRANSFORMER):
        assert at_the_door(config(model), "input")[tensors.TEXT] == states
    assert at_the_door(config(tensors.SAMPLE_AUDIO), "input")[tensors.FEATURES] == features


@pytest.mark.parametrize("variant", [None, "tensorrt"])
def test_layouts_are_asked_for_where_there_is_a_network_that_draws_them(variant: str | None) -> None:
    assert config(tensors.SAMPLE_VIDEO, variant).parameters["layouts"].string_value == "true"
    drawn = at_the_door(config(tensors.LAYOUT_TRANSFORMER), "output")[tensors.VELOCITY]
    assert at_the_door(config(tensors.VIDEO_TRANSFORMER), "input")[tensors.LAYOUT] == drawn
    said = at_the_door(config(tensors.LAYOUT_READER), "output")[tensors.SAID]
    assert said[1][-1] == drawn[1][-1]


@pytest.mark.parametrize("model", MODELS)
def test_model_files_are_glue(model: str) -> None:
    source = (REPOSITORY / model / "1" / "model.py").read_text()
    assert len(source.splitlines()) < 100
    literals = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert not literals & NAMES
