"""What of a graph TensorRT would not take: operators, types and restrictions.

Read from `tensorrt_ops.csv`, the operator table of TensorRT's ONNX parser. A restriction that is not
checked here counts as broken, so that an operator comes into use only together with its check.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

_TABLE = Path(__file__).with_name("tensorrt_ops.csv")
_TYPES: Mapping[int, str] = {
    TensorProto.FLOAT: "FP32",
    TensorProto.FLOAT16: "FP16",
    TensorProto.BFLOAT16: "BF16",
    TensorProto.INT32: "INT32",
    TensorProto.INT64: "INT64",
    TensorProto.UINT8: "UINT8",
    TensorProto.BOOL: "BOOL",
}
# The table gives the type of the data; the sizes beside it are int64.
_DATA_INPUTS = {"Resize": 1, "TopK": 1, "CumSum": 1}
# Results that are of another type than the data by the operator's definition.
_OWN_RESULT = {"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN", "IsInf", "Shape", "Size"}
_RESIZE_COORDINATES = {
    b"half_pixel",
    b"pytorch_half_pixel",
    b"tf_half_pixel_for_nn",
    b"asymmetric",
    b"align_corners",
}
_RESIZE_NEAREST = {b"floor", b"ceil", b"round_prefer_floor", b"round_prefer_ceil"}


@dataclass(frozen=True)
class Operator:
    """A row of the table."""

    supported: bool
    types: frozenset[str]
    restrictions: str


@dataclass(frozen=True)
class _Graph:
    types: Mapping[str, int]
    constants: frozenset[str]


Check = Callable[[onnx.NodeProto, _Graph], bool]


def table() -> dict[str, Operator]:
    """The table by operator."""
    with _TABLE.open(newline="") as file:
        return {
            row["operator"]: Operator(
                row["supported"] == "Y",
                frozenset(name.strip() for name in row["types"].split(",")),
                row["restrictions"],
            )
            for row in csv.DictReader(file)
        }


def refusals(model: onnx.ModelProto) -> list[str]:
    """A line for each node that TensorRT would not take, and why. Weights need not be loaded."""
    operators = table()
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    graph = _read(model.graph)
    return [
        f"{node.op_type} {node.name or node.output[0]}: {reason}"
        for node in model.graph.node
        for reason in _reasons(node, operators, graph)
    ]


def _read(graph: onnx.GraphProto) -> _Graph:
    values = [*graph.input, *graph.value_info, *graph.output]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    types |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    constants = {tensor.name for tensor in graph.initializer}
    constants |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    return _Graph(types, frozenset(constants))


def _reasons(node: onnx.NodeProto, operators: Mapping[str, Operator], graph: _Graph) -> Iterator[str]:
    operator = operators.get(node.op_type)
    if node.domain not in ("", "ai.onnx") or operator is None or not operator.supported:
        yield "not supported"
        return
    names = list(node.input[: _DATA_INPUTS.get(node.op_type)])
    names += [] if node.op_type in _OWN_RESULT else node.output
    for name in filter(None, names):
        kind = _TYPES.get(graph.types.get(name, TensorProto.UNDEFINED), "unknown")
        if kind not in operator.types:
            yield f"{name} is {kind}"
    if operator.restrictions and not _CHECKS.get(node.op_type, _unchecked)(node, graph):
        yield operator.restrictions


def _unchecked(_node: onnx.NodeProto, _graph: _Graph) -> bool:
    return False


def _constant(axes: int, node: onnx.NodeProto, graph: _Graph) -> bool:
    """Whether the input at this place is a constant, or absent."""
    return len(node.input) <= axes or node.input[axes] in ("", *graph.constants)


def _only_first_output(node: onnx.NodeProto, _graph: _Graph) -> bool:
    return not any(node.output[1:])


def _plain_pooling(node: onnx.NodeProto, _graph: _Graph) -> bool:
    found = _attributes(node)
    return len(found["kernel_shape"]) in (2, 3) and set(found.get("dilations", ())) <= {1}


def _plain_constant(node: onnx.NodeProto, _graph: _Graph) -> bool:
    return not {"sparse_value", "value_string", "value_strings"} & _attributes(node).keys()


def _plain_resize(node: onnx.NodeProto, _graph: _Graph) -> bool:
    found = _attributes(node)
    return (
        found.get("coordinate_transformation_mode", b"half_pixel") in _RESIZE_COORDINATES
        and found.get("mode", b"nearest") in (b"nearest", b"linear")
        and found.get("nearest_mode", b"round_prefer_floor") in _RESIZE_NEAREST
        and found.get("keep_aspect_ratio_policy", b"stretch") == b"stretch"
        and not found.get("antialias", 0)
        and "axes" not in found
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


_CHECKS: Mapping[str, Check] = {
    "Slice": partial(_constant, 3),
    "Pad": partial(_constant, 3),
    "CumSum": partial(_constant, 1),
    "Squeeze": partial(_constant, 1),
    "Unsqueeze": partial(_constant, 1),
    "ReduceMean": partial(_constant, 1),
    "ReduceSum": partial(_constant, 1),
    "ReduceMax": partial(_constant, 1),
    "LayerNormalization": _only_first_output,
    "AveragePool": _plain_pooling,
    "Constant": _plain_constant,
    "Resize": _plain_resize,
}
