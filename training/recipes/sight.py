"""Visual encoder: where the thing is, how high above the ground and of what shape, from single frames.

The sound's transformer then hears from it when things hit the ground. Learned alone, from what the renderer
knows, that takes minutes; through the transformer's loss it took longer than there was time.
"""

import math
import random
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract.tensors import VISUAL_ENCODER
from training.recipes.batches import Batches, to_video
from training.recipes.feed import Feed, FeedPlan, Sample
from training.recipes.files import grid, write_png
from training.recipes.loop import Learner, end, learn, place
from training.recipes.memory import Memory, dice, take_dice, unfinished
from training.recipes.order import Order
from training.recipes.places import COUNT, WEIGHTS, places, shape_number
from training.recipes.plain import scene_of
from training.recipes.seen import autoencoder, look, seen, squash
from training.recipes.sheets import marked
from training.recipes.sources import RATES, Size, chance, pick_size
from training.recipes.trainer import Schedule, Trainer, autocast, prepare
from training.world.chance import Film
from training.world.physics import simulate
from training.world.render import render
from training.world.scene import SHAPES, Scene, Split

SCHEDULE = Schedule(peak=2e-3, warmup=0.05, decay=0.995)
BLOCK = 8
SHAPE_WEIGHT, PLACE_WEIGHT = 0.1, 3.0
AT_IMPACT = 0.4
SHOWN = 6
PATIENCE = 0.25


@dataclass(frozen=True)
class GlancePlan:
    """Blocks of eight frames: how many in a batch, of which part of the world."""

    blocks: int
    plain: bool
    split: Split = "train"


def plan_of(order: Order) -> GlancePlan:
    """What the machine can bear."""
    if order.smoke:
        return GlancePlan(1, True)
    return GlancePlan(64, False) if order.on_gpu else GlancePlan(8, True)


def block_of(scene: Scene, rng: np.random.Generator) -> int:
    """The first frame of a block of the film: often of one with an impact."""
    frame = int(rng.integers(scene.frames))
    impacts = simulate(scene)[0].impacts
    if impacts and rng.random() < AT_IMPACT:
        frame = min(round(impacts[int(rng.integers(len(impacts)))].time_s * scene.fps), scene.frames - 1)
    return min(frame // BLOCK * BLOCK, scene.frames - BLOCK)


def glance(seed: int, plan: GlancePlan) -> Sample:
    """`video` uint8 [8,H,W,3], `places` float32 [8,COUNT], `shape` int64 [1]; bucket (H, W)."""
    rng = chance(seed)
    size: Size = pick_size(rng)
    # Where there are several things, "the" thing is not known: one alone is shown.
    for attempt in range(100):
        scene = scene_of(
            seed + attempt * 7_919, Film(64, RATES[0], size[1] / size[0]), plan.split, plan.plain
        )
        if len(scene.objects) == 1:
            break
    first = block_of(scene, rng)
    frames = np.arange(first, first + BLOCK)
    video = render(scene, *size, frames=frames.tolist())
    shape = np.array([shape_number(scene)])
    return Sample(size, {"video": video, "places": places(scene, frames), "shape": shape})


class Recipe(Learner):
    """One run: the encoder with a linear layer that is thrown away, their loss and the encoder's file."""

    def __init__(self, order: Order) -> None:
        self.order = order
        width = 192
        self.answer = nn.Linear(width, COUNT + len(SHAPES)).to(order.device)
        self.trainer = Trainer(order, (VISUAL_ENCODER,), SCHEDULE, aside=self.answer)
        self.network = self.trainer.networks[VISUAL_ENCODER]
        self.codec = autoencoder(order, beginning=True)
        self.chance = random.Random(order.seed)
        self.weights = torch.tensor(WEIGHTS, device=order.device)

    def loss(self, tensors: dict[str, Tensor]) -> Tensor:
        """Loss of blocks of frames [B,8,H,W,3] with what is to be said of them."""
        with torch.no_grad():
            frames = seen(tensors["video"], self.codec, self.chance)
        with autocast(self.order):
            answers = self.answer(look(self.network, frames)).float()
        where, what = answers.split([COUNT, len(SHAPES)], dim=-1)
        error = (where - tensors["places"]).square() * self.weights
        shapes = tensors["shape"].expand(-1, BLOCK).flatten()
        self.trainer.note(height_error=math.sqrt(float(error[..., 1].detach().mean()) / WEIGHTS[1]))
        where_loss: Tensor = PLACE_WEIGHT * error.mean()
        return where_loss + SHAPE_WEIGHT * F.cross_entropy(what.flatten(0, 1), shapes)

    def turn(self, batches: Batches) -> None:
        """A step on the next blocks of frames."""
        self.trainer.step(partial(self.loss, batches.next().to(self.order.device)))

    def save(self) -> None:
        """Write the encoder."""
        self.trainer.save(VISUAL_ENCODER)

    @torch.no_grad()
    def sheet(self, path: Path, full: bool) -> None:
        """Blocks held out, with a white cross where the thing is said to be and a black one where it is."""
        plan = GlancePlan(SHOWN, True, "heldout")
        rows = []
        for seed in range(9_000_000, 9_000_000 + (SHOWN if full else SHOWN // 2)):
            sample = glance(seed, plan)
            video = to_video(torch.from_numpy(sample.arrays["video"])[None]).to(self.order.device)
            frames = squash(video)
            with self.trainer.averaged(), autocast(self.order):
                said = self.answer(look(self.network, frames)).float()[0].cpu().numpy()
            pictures = ((frames[0].permute(0, 2, 3, 1).cpu() + 1) * 127.5).round().to(torch.uint8)
            for picture, true, found in zip(pictures.numpy(), sample.arrays["places"], said, strict=True):
                for place_, colour in ((true, (0, 0, 0)), (found, (255, 255, 255))):
                    marked(picture, (float(place_[0]), 1.0 - float(place_[2])), colour)
            rows.append(pictures)
        write_png(path.with_suffix(".png"), grid(torch.stack(rows)))

    def remember(self, whole: Memory) -> None:
        """The dice."""
        whole.put("sight", {}, {"dice": dice(self.chance)})

    def recall(self, whole: Memory) -> None:
        """The dice as they were."""
        take_dice(self.chance, whole.get("sight")[1]["dice"])


def first_weights(order: Order) -> None:
    """Wait a little for an autoencoder to look through, where one may be trained beside."""
    if not order.by_clock:
        return
    patience = time.time() + PATIENCE * (order.until - time.time())
    while time.time() < patience and autoencoder(order, beginning=True) is None:
        time.sleep(1.0)


def run(order: Order) -> None:
    """Train until the run is over."""
    prepare(order)
    plan, saved = plan_of(order), unfinished(order)
    slot_bytes = 3 * BLOCK * 144 * 256 + 2048
    feed_plan = FeedPlan(order.workers, 64, slot_bytes, 70_000_000 * (order.seed + 1), place(saved))
    with (
        Feed(partial(glance, plan=plan), feed_plan) as feed,
        Batches(feed, lambda _: plan.blocks, order.on_gpu) as batches,
    ):
        first_weights(order)
        recipe = Recipe(order)
        learn(recipe, batches, saved)
    end(order, recipe, VISUAL_ENCODER)
