"""Engines: ONNX graphs, where they come from and what runs them."""
