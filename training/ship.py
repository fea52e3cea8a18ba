"""Weights of a folder to the repository: `python -m training.ship DIR NETWORK...`, with how they came to be.

What no recipe has made needs `--by-hand` and a sentence that says how it was made.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from services.contract.errors import ConfigurationError
from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from services.engines.export import export
from services.engines.signatures import SIGNATURES
from services.families.moviegen.casts import build
from training import lineage
from training.lineage import Record
from training.recipes.order import CAST

REPOSITORY = Path(__file__).parents[1] / "model_repo"


def origin(work: Path, network: str, weights: str, by_hand: str) -> list[Record]:
    """The records that lead to weights. Raises ConfigurationError where the folder says nothing of them."""
    found = lineage.ancestry(lineage.read(work / lineage.NAME), network, weights)
    if by_hand:
        return [Record(network, weights, by_hand=by_hand)]
    if not found:
        raise ConfigurationError(f"{work / lineage.NAME} does not say how {network} {weights} was made")
    return found


def ship(work: Path, networks: Sequence[str], by_hand: str = "") -> None:
    """Export networks to the repository and add what is not yet known of them to its lineage."""
    origins = []
    for name in networks:
        weights = lineage.digest(checkpoint.read(work / f"{name}.safetensors"))
        origins += origin(work, name, weights, by_hand)
    for name in networks:
        torch.manual_seed(0)
        network = build(CAST, name)
        checkpoint.load(network, work / f"{name}.safetensors")
        path = export(network, SIGNATURES[name](network.params), REPOSITORY / name / "1")
        print(f"{path} {path.stat().st_size / 2**20:.2f} MiB")
    known = lineage.read(lineage.SHIPPED)
    lineage.add(lineage.SHIPPED, [record for record in origins if record not in known])


def main(arguments: list[str]) -> None:
    """Ship what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m training.ship", description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("network", nargs="+", choices=NETWORKS, metavar="NETWORK")
    parser.add_argument(
        "--by-hand", default="", metavar="SENTENCE", help="how they were made, if not by a recipe"
    )
    chosen = parser.parse_args(arguments)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    ship(chosen.work, chosen.network, chosen.by_hand)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(f"weights: {error}")
