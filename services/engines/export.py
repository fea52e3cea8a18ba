"""Exports networks to ONNX graphs whose weights are the checkpoint itself.

A graph's initializers are float16 and lie in the safetensors files beside it (ONNX external data), each
under a Cast to float32: one copy of the weights is checkpoint and engine. ONNX Runtime folds the casts when
it loads the graph.
"""

import argparse
import logging
import warnings
from pathlib import Path

import onnx
import onnx_ir as ir
import torch
from onnx_ir.passes import common as passes
from onnxscript import optimizer, rewriter
from torch import nn

from services.contract.errors import ConfigurationError
from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from services.engines.signatures import SIGNATURES, Input, Signature
from services.families.moviegen.casts import CASTS, build

GRAPH = "model.onnx"
# From 21 on come operators that TensorRT does not know (RMSNormalization, Attention).
OPSET = 20


def export(
    network: nn.Module, signature: Signature, folder: Path, *, shard_bytes: int = checkpoint.SHARD_BYTES
) -> Path:
    """Write the network's weights and graph to `folder`; gives the graph's path.

    The network is left in evaluation mode. Raises ConfigurationError where a weight does not fit float16 or
    the graph does not take its weights as they are.
    """
    model = _trace(network.eval(), signature)
    checkpoint.save(network.state_dict(), folder, shard_bytes=shard_bytes)
    _store_outside(model.graph, set(network.state_dict()), folder)
    _simplify(model)
    _name(model.graph, signature)
    path = folder / GRAPH
    ir.save(model, path)
    onnx.checker.check_model(path, full_check=True)
    return path


def _trace(network: nn.Module, signature: Signature) -> ir.Model:
    names = {value.name for value in signature.inputs}
    dynamic = {
        value.name: {
            axis: torch.export.Dim.DYNAMIC for axis, dim in enumerate(value.dims) if isinstance(dim, str)
        }
        for value in signature.inputs
    }
    with warnings.catch_warnings():
        # Of deprecated calls within torch itself.
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.export.export(
            network,
            (),
            {value.name: _example(value, signature) for value in signature.inputs},
            dynamic_shapes=dynamic,
            strict=True,
            prefer_deferred_runtime_asserts_over_guards=True,
        )
        exported = torch.onnx.export(program, dynamo=True, opset_version=OPSET, optimize=False, verbose=False)
    assert exported is not None
    model: ir.Model = exported.model
    if {value.name for value in model.graph.inputs} != names:
        raise ConfigurationError(f"inputs of the graph are not {sorted(names)}")
    return model


def _example(value: Input, signature: Signature) -> torch.Tensor:
    shape = [signature.sizes[dim] if isinstance(dim, str) else dim for dim in value.dims]
    if value.example is None:
        return torch.ones(shape)
    return torch.full(shape, value.example, dtype=torch.int64)


def _store_outside(graph: ir.Graph, names: set[str], folder: Path) -> None:
    """Let each weight's initializer be its bytes in the checkpoint, float16 ones under a Cast to float32."""
    lost = names - set(graph.initializers)
    if lost:
        raise ConfigurationError(f"weights that the graph does not take as they are: {sorted(lost)}")
    places = checkpoint.places(folder)
    for name in sorted(names, reverse=True):
        value = graph.initializers.pop(name)
        stored = _stored(value, places[name], folder)
        graph.register_initializer(stored)
        if stored.dtype == value.dtype:
            value.replace_all_uses_with(stored)
            continue
        cast = ir.node("Cast", [stored], {"to": value.dtype}, name=f"cast.{name}")
        wide = cast.outputs[0]
        wide.name, wide.type, wide.shape = f"{name}.float32", value.type, value.shape
        value.replace_all_uses_with(wide)
        graph.insert_before(graph[0], cast)


def _stored(value: ir.Value, place: checkpoint.Place, folder: Path) -> ir.Value:
    assert value.name is not None
    assert value.dtype is not None
    assert value.shape is not None
    dtype = ir.DataType.FLOAT16 if value.dtype == ir.DataType.FLOAT else value.dtype
    tensor = ir.ExternalTensor(
        place.file, place.offset, place.length, dtype, shape=value.shape, name=value.name, base_dir=folder
    )
    return ir.Value(name=value.name, type=ir.TensorType(dtype), shape=value.shape, const_value=tensor)


def _simplify(model: ir.Model) -> None:
    """Fold what is constant but the weights, and strip whatever does not bear on the result."""
    passes.InlinePass()(model)
    for _ in range(2):
        optimizer.fold_constants_ir(model, onnx_shape_inference=True, should_fold=_may_fold)
        rewriter.rewrite(model)
    sequence = ir.passes.Sequential(
        passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0),
        passes.CommonSubexpressionEliminationPass(),
        passes.IdentityEliminationPass(),
        passes.RemoveUnusedNodesPass(),
        passes.RemoveUnusedOpsetsPass(),
        passes.ClearMetadataAndDocStringPass(),
        passes.NameFixPass(),
    )
    sequence(model)
    for node in model.graph:
        for value in node.outputs:
            if not value.is_graph_output():
                value.type = value.shape = None


def _may_fold(node: ir.Node) -> bool | None:
    outside = any(
        value is not None and isinstance(value.const_value, ir.ExternalTensor) for value in node.inputs
    )
    return False if outside else None


def _name(graph: ir.Graph, signature: Signature) -> None:
    """Give outputs and dimensions that vary the names of the signature."""
    for value, given in zip(graph.inputs, signature.inputs, strict=True):
        value.shape = ir.Shape(given.dims)
    for value, wanted in zip(graph.outputs, signature.outputs, strict=True):
        assert value.shape is not None
        dims = zip(value.shape, wanted.dims, strict=True)
        value.name = wanted.name
        value.shape = ir.Shape([dim if name is None else name for dim, name in dims])


def randomize(network: nn.Module, seed: int, scale: float = 0.02) -> None:
    """Move each weight a little, so that no part of the network is without effect."""
    generator = torch.Generator().manual_seed(seed)
    for weight in network.parameters():
        weight.data += scale * torch.randn(weight.shape, generator=generator)


def main() -> None:
    """Export a cast's networks."""
    parser = argparse.ArgumentParser(prog="python -m services.engines.export", description=main.__doc__)
    parser.add_argument("--cast", default="moviegen-mini", choices=list(CASTS))
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--checkpoints", type=Path, help="folder with <network>.safetensors each")
    source.add_argument("--shipped", action="store_true", help="the weights that are in --out already")
    source.add_argument("--random", action="store_true", help="weights that mean nothing, to try the stack")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--network", action="append", choices=NETWORKS, help="only this one (repeatable)")
    parser.add_argument("--out", type=Path, default=Path("model_repo"))
    args = parser.parse_args()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    for name in args.network or NETWORKS:
        torch.manual_seed(args.seed)
        network = build(args.cast, name)
        folder = args.out / name / "1"
        if args.random:
            randomize(network, args.seed)
        elif args.shipped:
            checkpoint.load(network, folder)
        else:
            checkpoint.load(network, args.checkpoints / f"{name}.safetensors")
        path = export(network, SIGNATURES[name](network.params), folder)
        print(f"{path} {path.stat().st_size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
