"""Layout reader: the layout of what a film shows, from its latents, as the renderer knows it.

Each cell within a thing is asked for the thing's row, all cells together for the ground's.

Shapes: B batch, K slots, T h w latent frames, rows, columns, N = h w cells, A columns of a layout.
"""

import time
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from services.contract import layout as columns
from services.contract.tensors import LAYOUT_READER, VIDEO_ENCODER
from services.families.moviegen.layout_field import FARTHEST, points
from training.recipes.batches import Batch, Batches, to_video
from training.recipes.division import Division
from training.recipes.encoding import Encoding
from training.recipes.feed import Bucket, Feed, FeedPlan
from training.recipes.files import frozen
from training.recipes.loop import end, learn, place
from training.recipes.memory import unfinished
from training.recipes.order import Order
from training.recipes.sources import SIZES, FilmPlan, film
from training.recipes.storing import Storing
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=2e-3, warmup=0.03, fall=0.7, decay=0.99)
WITHIN = 0.95
"""Radii from its middle within which a cell speaks of a thing."""
ENCODE_PART = 0.4
THERE_WEIGHT, GROUND_WEIGHT = 1.0, 0.3
FILMS = FilmPlan((1, 2), (0.4, 0.6), (1, 2), edits=0.0, figures=0.05)


@dataclass(frozen=True)
class Size:
    """What is rendered; cells of a batch, films encoded at once, bytes of a bucket, encoded for each step."""

    films: FilmPlan
    cells: int
    encoded: int
    bucket_bytes: int
    clips: float

    def batch(self, bucket: Bucket) -> int:
        """Films of a bucket in a batch."""
        return max(1, self.cells // (bucket[0] * bucket[1] * bucket[2]))


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(FilmPlan((1, 2), (0.4, 0.6), (1, 2), (64, 64), edits=0.0), 512, 2, 1 << 20, 2.0)
    if order.on_gpu:
        return Size(FILMS, 128 * 576, 16, 256 << 20, 16.0)
    return Size(
        FilmPlan((1, 2), (0.5, 0.5), size=SIZES[0], edits=0.0, figures=0.05), 24 * 576, 8, 512 << 20, 6.0
    )


class Recipe(Storing):
    """One run: the network, frozen encoder, store of latents, loss and file."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        super().__init__(Trainer(order, (LAYOUT_READER,), SCHEDULE), self.size.bucket_bytes)
        self.reader = self.trainer.networks[LAYOUT_READER]
        self.division = Division(order, self.trainer.pace, ENCODE_PART, self.size.clips)

    def begin(self) -> None:
        """Read the frozen encoder."""
        encoder = frozen(self.order.checkpoint(VIDEO_ENCODER), VIDEO_ENCODER, self.order.device)
        self.encoding = Encoding(encoder, self.order.on_gpu)
        self.trainer.restart_clock()

    @torch.no_grad()
    def encode(self, batch: Batch) -> None:
        """Latents of films to the store, with their layouts."""
        video = to_video(batch.tensors["video"].to(self.order.device)).to(self.encoding.dtype)
        with autocast(self.order):
            latents = self.encoding.latents(video)
        self.replay.add(batch.bucket, {"latents": latents, "layout": batch.tensors["layout"].half()})

    def loss(self, bucket: Bucket) -> Tensor:
        """Loss of a batch from the store."""
        rows = self.replay.draw(bucket, self.size.batch(bucket))
        with autocast(self.order):
            said = self.reader(rows["latents"].float()).float()
        return self.error(said, rows["layout"].float(), bucket[1], bucket[2])

    def error(self, said: Tensor, layout: Tensor, height: int, width: int) -> Tensor:
        """Of what is said [B,T,N+1,A] of a film with a layout [B,K,T,A]."""
        rows, there = asked(layout, height, width)
        cells, ground = said[:, :, :-1], said[:, :, -1] - layout[:, columns.GROUND]
        flag = F.mse_loss(cells[..., columns.THERE], 2.0 * there - 1.0)
        wrong = (cells - rows)[..., columns.KIND.start :].square().mean(-1, keepdim=True)
        thing = (wrong * there).sum() / there.sum().clamp_min(1)
        ground = ground[..., columns.X.start : columns.RADIUS.stop].square().mean()
        self.trainer.note(there=flag.detach(), thing=thing.detach(), ground=ground.detach())
        loss: Tensor = THERE_WEIGHT * flag + thing + GROUND_WEIGHT * ground
        return loss

    def turn(self, batches: Batches) -> None:
        """A step, and encoding if it is due."""
        start = time.monotonic()
        enough = [bucket for bucket in self.replay.seen if self.replay.count(bucket) >= 8]
        if enough:
            weights = [self.replay.seen[bucket] for bucket in enough]
            self.trainer.step(partial(self.loss, self.chance.choices(enough, weights)[0]))
            start = self.division.trained(start)
        if not enough or self.division.due(self.replay.total, batches.ready):
            self.encode(batches.next())
            self.division.encoded(start)
        self.trainer.note(clips=self.replay.total)

    def save(self) -> None:
        """Write the network."""
        self.trainer.save(LAYOUT_READER)


def asked(layout: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """The row of the thing that each cell is within [B,T,N,A], and 1 where there is one [B,T,N,1]: of several
    the nearest in its radii."""
    things = layout[:, : columns.THINGS]
    seen = points(things, height, width)[..., :2].square().sum(-1).sqrt().mean((-1, -2))
    far = torch.where(things[..., columns.THERE, None] > 0, seen, FARTHEST).flatten(3)
    nearest, which = far.min(1)
    rows = things.transpose(1, 2).gather(2, which[..., None].expand(-1, -1, -1, columns.COLUMNS))
    return rows, (nearest < WITHIN).float()[..., None]


def run(order: Order) -> None:
    """Train from the moment the encoder is final until the run is over."""
    prepare(order)
    size, saved = size_of(order), unfinished(order)
    slot_bytes = 3 * 8 * 2 * 256 * 256 + 8192
    plan = FeedPlan(order.workers, 64, slot_bytes, 40_000_000 * (order.seed + 1) + 30_000_000, place(saved))
    recipe = Recipe(order)
    order.wait_for(VIDEO_ENCODER)
    recipe.begin()
    with (
        Feed(partial(film, plan=size.films), plan) as feed,
        Batches(feed, lambda _: size.encoded, order.on_gpu) as batches,
    ):
        learn(recipe, batches, saved)
    end(order, recipe, LAYOUT_READER)
