"""One recipe in this process: `python -m training.recipes NAME --work DIR --until SECONDS_SINCE_EPOCH ...`.

Nothing heavy is imported before the recipe is: render processes import this file again.
"""

import argparse
import importlib
from pathlib import Path

from training.recipes.order import Order

RECIPES = ("reading", "tae", "codec", "sight", "upsampler", "video", "audio")


def main() -> None:
    """Run the recipe that the command line names."""
    parser = argparse.ArgumentParser(prog="training.recipes", description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--until", type=float, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--compile", action="store_true")
    order = Order(**vars(parser.parse_args()))
    order.work.mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"training.recipes.{order.recipe}").run(order)


if __name__ == "__main__":
    main()
