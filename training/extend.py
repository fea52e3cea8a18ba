"""Parameters that a network has and its checkpoint lacks: `python -m training.extend FILE [--from OTHER]`.

FILE is named after its network, as in all folders of checkpoints. It is written anew with the parts that came
to the network after it was trained (`PARTS`), and is left alone where it has them.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from services.contract.errors import ConfigurationError
from services.contract.tensors import VIDEO_TRANSFORMER
from services.engines import checkpoint
from services.families.moviegen import casts
from training.recipes.files import write_weights
from training.recipes.order import CAST

PARTS: Mapping[str, tuple[str, ...]] = {VIDEO_TRANSFORMER: ("character.",)}
"""Prefixes of the names of parameters that a checkpoint may lack, by network."""
SEED = 0


def extended(network: str, state: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state`, and of `source` the parts of `network` that it lacks.

    A part is taken whole or not at all. Raises ConfigurationError where `state` has some of a part, or what
    comes out is not all that the network has.
    """
    whole = casts.build(CAST, network, "meta").state_dict()
    result = dict(state)
    for part in PARTS.get(network, ()):
        names = {name for name in whole if name.startswith(part)}
        if names.isdisjoint(state):
            result |= {name: source[name] for name in names if name in source}
    wrong = {n for n in whole.keys() | result.keys() if _shape(whole, n) != _shape(result, n)}
    if wrong:
        raise ConfigurationError(f"{network}: not those of the network: {', '.join(sorted(wrong))}")
    return result


def fresh(network: str) -> dict[str, Tensor]:
    """Parameters of a network as it is built, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return casts.build(CAST, network).state_dict()


def _shape(state: Mapping[str, Tensor], name: str) -> torch.Size | None:
    return state[name].shape if name in state else None


def main(arguments: list[str]) -> None:
    """Write FILE anew, with parameters of OTHER or fresh ones where it lacks them."""
    parser = argparse.ArgumentParser(prog="python -m training.extend", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--from", dest="other", type=Path, help="checkpoint or folder of the same network")
    chosen = parser.parse_args(arguments)
    network = chosen.file.stem
    if network not in casts.CASTS[CAST]:
        raise ConfigurationError(f"{chosen.file} is not named after a network")
    state = checkpoint.read(chosen.file)
    source = checkpoint.read(chosen.other) if chosen.other else fresh(network)
    result = extended(network, state, source)
    if len(result) > len(state):
        write_weights(chosen.file, result)
    print(f"{chosen.file}: {len(result) - len(state)} of {len(result)} parameters are new")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(f"weights: {error}")
