"""One recipe in this process: `python -m training.recipes NAME --work DIR --steps N ...`.

Killed and started again in the same way, it goes on where it was. Nothing heavy is imported before the recipe
is: render processes import this file again.
"""

import argparse
import importlib
import os
import signal
import sys
import threading
from pathlib import Path

from services.contract.errors import ConfigurationError
from training.recipes.order import Order

RECIPES = ("reading", "tae", "codec", "sight", "upsampler", "layout", "layout_reader", "video", "audio")


def order_of(arguments: list[str]) -> Order:
    """The order that the command line gives."""
    parser = argparse.ArgumentParser(prog="training.recipes", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--work", type=Path, required=True)
    how_long = parser.add_mutually_exclusive_group(required=True)
    how_long.add_argument("--steps", type=int, help="this many")
    how_long.add_argument("--until", type=float, help="as many as fit, to these seconds since the epoch")
    how_long.add_argument("--repeat", type=Path, help="those of a run by the clock, from its --work")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="render processes")
    parser.add_argument("--threads", type=int, default=0, help="of torch on the CPU")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--save-s", type=float, default=Order.save_s, help="between checkpoints")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--tied", action="store_true", help="end when standard input ends")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    if given.pop("tied"):
        threading.Thread(target=die_with_parent, daemon=True).start()
    return Order(**given)


def die_with_parent() -> None:
    """End this process at once when the other end of standard input is gone, however that came."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the recipe that the command line names."""
    order = order_of(sys.argv[1:])
    order.work.mkdir(parents=True, exist_ok=True)
    # Without it products of matrices on a GPU differ from run to run. CUDA reads it as it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    importlib.import_module(f"training.recipes.{order.recipe}").run(order)


if __name__ == "__main__":
    try:
        main()
    except ConfigurationError as error:
        sys.exit(f"{error}")
