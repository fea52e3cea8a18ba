from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from services.contract.errors import ConfigurationError, GenerationError
from services.engines.session import Session, Tensor


def scaled_sum(path: Path, kind: int = TensorProto.FLOAT) -> Path:
    """A graph: `total` [N,3] = a [N,3] + b [3], `double` = 2 total."""
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["a", "b"], ["total"]),
            helper.make_node("Add", ["total", "total"], ["double"]),
        ],
        "graph",
        [helper.make_tensor_value_info("a", kind, ["N", 3]), helper.make_tensor_value_info("b", kind, [3])],
        [helper.make_tensor_value_info(name, kind, ["N", 3]) for name in ("total", "double")],
    )
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(scaled_sum(tmp_path / "model.onnx"), threads=1)


A, B = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 2, 3], np.float32)


def test_run_gives_all_outputs_by_name(session: Session) -> None:
    outputs = session.run({"b": B, "a": A})
    assert list(outputs) == ["total", "double"]
    np.testing.assert_array_equal(outputs["total"], A + B)
    np.testing.assert_array_equal(outputs["double"], 2 * (A + B))


def test_signature_is_that_of_the_graph(session: Session) -> None:
    assert session.inputs == (
        Tensor("a", np.dtype(np.float32), ("N", 3)),
        Tensor("b", np.dtype(np.float32), (3,)),
    )
    assert [output.name for output in session.outputs] == ["total", "double"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"a": A}, "inputs are"),
        ({"a": A, "b": B, "c": B}, "inputs are"),
        ({"a": A, "b": B.astype(np.float64)}, "b is float32"),
        ({"a": A, "b": B[None]}, "b is float32"),
        ({"a": A[:, :2], "b": B}, "invalid dimensions"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(
    session: Session, inputs: dict[str, np.ndarray], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(GenerationError, match=message):
        session.run(inputs)
    assert capfd.readouterr() == ("", "")


def test_a_missing_graph_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.onnx"):
        Session(tmp_path / "none.onnx", threads=1)


def test_a_broken_graph_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ConfigurationError, match=r"model\.onnx"):
        Session(path, threads=1)


def test_a_type_that_is_not_ours_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="uint32"):
        Session(scaled_sum(tmp_path / "model.onnx", TensorProto.UINT32), threads=1)
