"""The weights of the repository as checkpoints, to go on from: `python -m training.shipped DIR [NETWORK...]`.

All networks' weights are written to DIR. Those that are named are marked there as final: none waits for them.
"""

import argparse
import sys
from pathlib import Path

from services.contract.errors import ConfigurationError
from services.contract.tensors import NETWORKS
from services.engines import checkpoint
from training.recipes.files import write_weights
from training.recipes.order import Order

REPOSITORY = Path(__file__).parents[1] / "model_repo"


def unpack(repository: Path, work: Path, final: frozenset[str]) -> None:
    """Checkpoints of all networks of `repository`, those in `final` marked. Raises ConfigurationError where
    weights are missing or broken."""
    work.mkdir(parents=True, exist_ok=True)
    order = Order("shipped", work)
    # A run that has not ended would go on with its own weights, and others would see how it began.
    for pattern in ("*.state", "*.beginning"):
        for path in work.glob(pattern):
            path.unlink()
    for network in NETWORKS:
        write_weights(order.checkpoint(network), checkpoint.read(repository / network / "1"))
        if network in final:
            order.finish(network)


def main(arguments: list[str]) -> None:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m training.shipped", description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("final", nargs="*", metavar="NETWORK")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.final).difference(NETWORKS):
        parser.error(f"{', '.join(sorted(unknown))}: not among {', '.join(NETWORKS)}")
    unpack(REPOSITORY, chosen.work, frozenset(chosen.final))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(f"weights: {error}")
