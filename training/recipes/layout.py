"""Layout transformer: flow matching on layouts of scenes, under the frozen text encoder.

Nothing is rendered for it, and a layout has a few tokens: a CPU sees a hundred thousand captions in minutes.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from services.contract import layout as columns
from services.contract.cast import TASKS
from services.contract.tensors import LAYOUT_TRANSFORMER, TEXT_ENCODER
from services.contract.tokenizer import PAD
from services.families.moviegen.layout_transformer import LayoutTransformer
from services.sampling.layout import sample_layout
from services.sampling.loop import Course
from training.recipes import flow, text
from training.recipes.batches import Batches
from training.recipes.feed import Bucket, Feed, FeedPlan, Sample
from training.recipes.files import frozen
from training.recipes.loop import Learner, end, learn, place
from training.recipes.memory import unfinished
from training.recipes.order import Order
from training.recipes.sources import FilmPlan, LayoutPlan, film_layout
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=2e-3, warmup=0.02, fall=0.7, decay=0.998, muon=True)
WITHOUT_TEXT = 0.1
DRAWS = 4
"""Times and noises for each caption, whose states are made once."""
MOST_DONE = 0.1
SLOT_BYTES = 8 * columns.SLOTS * 32 * (columns.COLUMNS + 1) + 256
HELDOUT = FilmPlan((4,), (1.0,), (4,), (144, 256), "heldout")
MEASURED = ("text", "image", "continuation")


@dataclass(frozen=True)
class Size:
    """Tokens of a batch, and layouts drawn for captions held out."""

    tokens: int
    heldout: int

    def captions(self, bucket: Bucket) -> int:
        """Captions of a bucket in a batch."""
        return max(1, self.tokens // (DRAWS * columns.SLOTS * bucket[0]))


class Recipe(Learner):
    """One run: the network, the frozen text encoder, loss, measure and file."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.size = Size(256, 4) if order.smoke else Size(65_536 if order.on_gpu else 6_144, 48)
        self.trainer = Trainer(order, (LAYOUT_TRANSFORMER,), SCHEDULE)
        transformer = self.trainer.networks[LAYOUT_TRANSFORMER]
        assert isinstance(transformer, LayoutTransformer)
        self.transformer = transformer
        self.words = text.tokenizer()
        self.text_encoder: Callable[[Tensor], Tensor]

    def begin(self) -> None:
        """Read the frozen text encoder."""
        self.text_encoder = frozen(self.order.checkpoint(TEXT_ENCODER), TEXT_ENCODER, self.order.device)
        self.trainer.restart_clock()

    def tokens(self, texts: list[str]) -> Tensor:
        """Ids [B,L], as long as the longest text."""
        return torch.tensor(text.trimmed(text.rows(self.words, texts)), device=self.order.device)

    def loss(self, bucket: Bucket, layout: Tensor, known: Tensor, texts: list[str]) -> Tensor:
        """Loss of layouts [B,K,T,A] under texts and what is known of them [B,K,T,A+1]."""
        device = self.order.device
        kept = ["" if left_out else said for said, left_out in zip(texts, self._left_out(texts), strict=True)]
        tokens = self.tokens(kept)
        with autocast(self.order):
            with torch.no_grad():
                states = self.text_encoder(tokens).repeat(DRAWS, 1, 1)
            mask = (tokens != PAD).float().repeat(DRAWS, 1)
            data = layout.to(device).repeat(DRAWS, 1, 1, 1)
            time, noise = flow.times(len(data), device), torch.randn_like(data)
            x = flow.at(time, data, noise)
            aspect = torch.full((len(data),), bucket[2] / bucket[1], device=device)
            given = known.to(device).repeat(DRAWS, 1, 1, 1)
            task = torch.full((len(data),), bucket[3], device=device)
            velocity = self.transformer(x, given, aspect, time, task, states, mask)
        left = (1.0 - time)[:, None, None, None]
        # As an error of the velocity, but for times where next to nothing is left to do.
        error = (velocity.float() - flow.velocity(data, noise)) * left / left.clamp_min(MOST_DONE)
        loss: Tensor = error.square().mean()
        return loss

    def _left_out(self, texts: list[str]) -> list[bool]:
        chosen: list[bool] = (torch.rand(len(texts)) < WITHOUT_TEXT).tolist()
        return chosen

    def turn(self, batches: Batches) -> None:
        """A step on the next layouts."""
        batch = batches.next()
        texts = [texts[0] for texts in batch.texts]
        layout, known = batch.tensors["layout"], batch.tensors["known"]
        self.trainer.step(partial(self.loss, batch.bucket, layout, known, texts))

    @torch.no_grad()
    def drawn(self, seed: int, sample: Sample) -> NDArray[np.float32]:
        """A layout drawn for the text of a sample, and what is known with it, as it is served."""
        tokens = self.tokens(["", sample.texts[0]])
        states, mask = self.text_encoder(tokens).float().cpu().numpy(), (tokens != PAD).float().cpu().numpy()

        def network(inputs: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
            given = {name: torch.from_numpy(array).to(self.order.device) for name, array in inputs.items()}
            velocity: NDArray[np.float32] = self.transformer(**given).float().cpu().numpy()
            return velocity

        course = Course(states, mask, seed=seed, steps=1, guidance=1.0)
        frames, rows, across, task = sample.bucket
        shape, known = (1, frames, rows, across), sample.arrays["known"]
        return sample_layout(network, course, shape, task=task, known=known)  # type: ignore[arg-type]

    def save(self) -> None:
        """Write the network."""
        self.trainer.save(LAYOUT_TRANSFORMER)

    def sheet(self, path: Path, full: bool) -> None:
        """No picture: numbers, of layouts for texts held out, as `path`.json at the end."""
        if not full:
            return
        with self.trainer.averaged():
            measured = {task: self.measured(TASKS.index(task)) for task in MEASURED}
        path.with_suffix(".json").write_text(json.dumps(measured, indent=1) + "\n")

    def measured(self, task: int) -> dict[str, float]:
        """Shares of layouts that are right, and how far places are off, in heights of the picture."""
        plan = LayoutPlan(HELDOUT, tuple(float(n == task) for n in range(len(MEASURED))))
        samples = [film_layout(85_000_000 + seed, plan) for seed in range(self.size.heldout)]
        right = [rights(self.drawn(seed, s), s.arrays["layout"]) for seed, s in enumerate(samples)]
        return {name: round(float(np.mean([r[name] for r in right])), 3) for name in right[0]}


def rights(layout: NDArray[np.float32], true: NDArray[np.float32]) -> dict[str, float]:
    """Whether a layout has as many things as the true one, and the same kinds and colours, and how far places
    are from the true ones."""
    same = {
        name: float(((layout[: columns.THINGS, 0, part] > 0) == (true[: columns.THINGS, 0, part] > 0)).all())
        for name, part in (("count", columns.THERE), ("kinds", columns.KIND), ("colours", columns.COLOUR))
    }
    there = true[: columns.THINGS, 0, columns.THERE.start] > 0
    places = slice(columns.X.start, columns.Y.stop)
    off = np.abs(layout - true)[: columns.THINGS, :, places][there] / columns.PLACE_SCALE
    return {**same, "off": float(np.median(off))}


def run(order: Order) -> None:
    """Train from the moment the text encoder is final until the run is over."""
    prepare(order)
    saved = unfinished(order)
    seed = 40_000_000 * (order.seed + 1) + 20_000_000
    plan = FeedPlan(order.workers, 2048, SLOT_BYTES, seed, place(saved), asked=64)
    recipe = Recipe(order)
    order.wait_for(TEXT_ENCODER)
    recipe.begin()
    with (
        Feed(partial(film_layout, plan=LayoutPlan()), plan) as feed,
        Batches(feed, recipe.size.captions, order.on_gpu) as batches,
    ):
        learn(recipe, batches, saved)
    end(order, recipe, LAYOUT_TRANSFORMER)
