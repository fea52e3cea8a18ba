"""The ONNX graph beside this file."""

from services.engines.serve import NetworkModel as TritonPythonModel

__all__ = ["TritonPythonModel"]
