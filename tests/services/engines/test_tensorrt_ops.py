from collections.abc import Sequence

import onnx
import pytest
from onnx import TensorProto, helper

from services.engines.tensorrt_ops import refusals, table


def model(
    node: onnx.NodeProto,
    *,
    kind: int = TensorProto.FLOAT,
    shape: Sequence[int] = (1, 3, 8, 8),
    constants: Sequence[onnx.TensorProto] = (),
    others: Sequence[onnx.ValueInfoProto] = (),
) -> onnx.ModelProto:
    """A graph of one node with input `x` and output `y`."""
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info("x", kind, shape), *others],
        [helper.make_value_info("y", onnx.TypeProto(tensor_type=onnx.TypeProto.Tensor(elem_type=kind)))],
        list(constants),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


def test_the_table_knows_yes_and_no() -> None:
    operators = table()
    assert operators["Conv"].supported
    assert operators["Conv"].types == {"FP32", "FP16", "BF16"}
    assert not operators["NegativeLogLikelihoodLoss"].supported
    assert "FP16" in operators["Cast"].types


def test_a_plain_graph_is_taken() -> None:
    assert refusals(model(helper.make_node("Relu", ["x"], ["y"]))) == []


@pytest.mark.parametrize("operator", ["Det", "Unique", "BitwiseNot"])
def test_an_operator_that_is_not_supported_is_refused(operator: str) -> None:
    kind = TensorProto.INT32 if operator == "BitwiseNot" else TensorProto.FLOAT
    assert refusals(model(helper.make_node(operator, ["x"], ["y"], name="n"), kind=kind)) == [
        f"{operator} n: not supported"
    ]


def test_an_operator_of_another_domain_is_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"], domain="com.example", name="n")
    broken = model(node)
    broken.opset_import.append(helper.make_opsetid("com.example", 1))
    assert refusals(broken) == ["Relu n: not supported"]


@pytest.mark.parametrize("kind", [TensorProto.DOUBLE, TensorProto.INT8, TensorProto.INT64])
def test_a_type_that_is_not_supported_is_refused(kind: int) -> None:
    node = helper.make_node("Abs" if kind != TensorProto.INT64 else "Softmax", ["x"], ["y"], name="n")
    assert any("x is" in line for line in refusals(model(node, kind=kind)))


@pytest.mark.parametrize(("operator", "what"), [("ReduceMean", "axes"), ("CumSum", "axis")])
def test_axes_must_be_constant(operator: str, what: str) -> None:
    node = helper.make_node(operator, ["x", "axes"], ["y"], name="n")
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    computed = helper.make_tensor_value_info("axes", TensorProto.INT64, [1])
    assert refusals(model(node, constants=[axes])) == []
    assert refusals(model(node, others=[computed])) == [f"{operator} n: {what} must be an initializer"]


@pytest.mark.parametrize(
    ("attributes", "taken"),
    [
        ({"mode": "linear", "coordinate_transformation_mode": "half_pixel"}, True),
        ({"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, True),
        ({"mode": "cubic"}, False),
        ({"mode": "linear", "antialias": 1}, False),
        ({"mode": "linear", "coordinate_transformation_mode": "half_pixel_symmetric"}, False),
        ({"mode": "linear", "keep_aspect_ratio_policy": "not_larger"}, False),
    ],
)
def test_resizing_has_its_modes(attributes: dict[str, str | int], taken: bool) -> None:
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], **attributes)
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [4], [1, 3, 16, 16])
    assert (refusals(model(node, constants=[sizes])) == []) is taken


def test_pooling_is_of_two_or_three_dimensions() -> None:
    flat = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2, 2])
    line = helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[2])
    assert refusals(model(flat)) == []
    assert refusals(model(line, shape=(1, 3, 8))) != []


def test_only_the_first_output_of_a_layer_norm_is_taken() -> None:
    scale = helper.make_tensor("scale", TensorProto.FLOAT, [8], [1.0] * 8)
    one = helper.make_node("LayerNormalization", ["x", "scale"], ["y"])
    two = helper.make_node("LayerNormalization", ["x", "scale"], ["y", "mean"])
    assert refusals(model(one, constants=[scale])) == []
    assert refusals(model(two, constants=[scale])) != []


def test_a_restriction_without_a_check_counts_as_broken() -> None:
    node = helper.make_node("Hardmax", ["x"], ["y"], name="n")
    assert refusals(model(node)) == ["Hardmax n: axis dimension of input must be a build-time constant"]
