"""Text encoder: learns to read, from captions and the scenes that they were written for.

The paper's text encoders are trained before anything else and never changed; so is ours. From its states it
must be possible to tell, by attention alone as in the transformers, what each thing is and does and which
colour is the ground's. Learned through pictures alone it stayed a bag of words: a red ball on a blue floor or
a blue one on a red floor were the same to it after 1000 steps of a GPU.
"""

import json
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from services.contract.tensors import TEXT_ENCODER
from services.contract.tokenizer import PAD
from training.recipes import text
from training.recipes.batches import Batches
from training.recipes.feed import Feed, FeedPlan, Sample
from training.recipes.files import frozen, loaded
from training.recipes.loop import Learner, end, learn, place
from training.recipes.memory import Memory, unfinished
from training.recipes.order import Order
from training.recipes.sources import RATES, chance
from training.recipes.trainer import Schedule, Trainer, prepare
from training.world.captions import caption, sound_caption
from training.world.chance import Film, sample_scene
from training.world.edits import SHARES, sample_edit
from training.world.scene import (
    CAMERAS,
    COLOURS,
    MATERIALS,
    MOODS,
    MOTIONS,
    SHAPES,
    SIZES,
    SKIES,
    STYLES,
    WEATHERS,
    Scene,
    stream,
)

SCHEDULE = Schedule(peak=1e-3, warmup=0.05, decay=0.99, muon=True)
WIDTH = 192
THINGS = 3
GROUNDS = tuple(sorted({colour for colours in MATERIALS.values() for colour in colours}))
KINDS = tuple(SHARES)
UNKNOWN = -1
"""The answer where a text is not asked."""
BOUND = 0.2


def questions() -> dict[str, int]:
    """What is asked of a text, with the number of answers to each."""
    asked = {"ground": len(GROUNDS), "material": len(MATERIALS), "sky": len(SKIES), "camera": len(CAMERAS)}
    asked |= {"style": len(STYLES), "weather": len(WEATHERS), "fire": 2, "music": len(MOODS)}
    asked |= {"count": THINGS, "rate": len(RATES), "kind": len(KINDS)}
    for n in range(THINGS):
        asked |= {f"shape{n}": len(SHAPES), f"colour{n}": len(COLOURS), f"size{n}": len(SIZES)}
        asked |= {f"motion{n}": len(MOTIONS), f"way{n}": 3}
    return asked


def answers(scene: Scene) -> dict[str, int]:
    """The answers that a scene gives, as numbers; things that are not there are not asked about."""
    said = {
        "ground": GROUNDS.index(scene.ground.colour),
        "material": list(MATERIALS).index(scene.ground.material),
        "sky": SKIES.index(scene.sky),
        "camera": CAMERAS.index(scene.camera),
        "style": STYLES.index(scene.style),
        "weather": WEATHERS.index(scene.weather),
        "fire": int(scene.fire is not None),
        "music": MOODS.index(scene.music),
        "count": len(scene.objects) - 1,
        "rate": RATES.index(scene.fps),
    }
    for n, thing in enumerate(scene.objects[:THINGS]):
        said |= {
            f"shape{n}": SHAPES.index(thing.shape),
            f"colour{n}": COLOURS.index(thing.colour),
            f"size{n}": list(SIZES).index(thing.size),
            f"motion{n}": MOTIONS.index(thing.motion),
            f"way{n}": thing.way + 1,
        }
    return said


def page(seed: int) -> Sample:
    """A text with `answers` int64 [questions]: a caption, a sound caption or the instruction of an edit."""
    rng = chance(seed)
    rate = RATES[int(rng.random() < 0.3)]
    film, kind = Film(32, rate, 16 / 9), int(rng.choice(3, p=(0.72, 0.14, 0.14)))
    if kind == 2:
        edit = sample_edit(seed, film)
        said = answers(edit.target) | {"kind": KINDS.index(edit.kind)}
        words = edit.instruction
    else:
        scene = sample_scene(seed, film)
        said = answers(scene)
        words = (caption, sound_caption)[kind](scene, stream(seed, 91))
    # Only captions of pictures name a frame rate.
    prefix = f"FPS-{rate} " if kind != 1 else ""
    asked = np.array([said.get(name, UNKNOWN) for name in questions()], np.int64)
    return Sample((), {"answers": asked}, (prefix + words,))


class Reader(nn.Module):
    """Answers from states: for each question one attention over the tokens, then a linear layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        asked = questions()
        self.queries = nn.Parameter(torch.randn(len(asked), width) / width**0.5)
        self.answers = nn.ModuleList(nn.Linear(width, count) for count in asked.values())

    def forward(self, states: Tensor, tokens: Tensor) -> list[Tensor]:
        """For each question the scores [B,answers], from states [B,L,D] of tokens [B,L]."""
        scores = (states @ self.queries.T).masked_fill((tokens == PAD)[:, :, None], -1e4)
        seen = torch.einsum("bld,blq->bqd", states, scores.softmax(1))
        return [layer(seen[:, n]) for n, layer in enumerate(self.answers)]


@dataclass(frozen=True)
class Size:
    """Texts in a batch, and texts held out."""

    batch: int
    heldout: int


class Recipe(Learner):
    """One run: the encoder with a reader that is thrown away, their loss, measure and the encoder's file.

    An encoder that others were trained with stays close to what it was.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.size = Size(8, 16) if order.smoke else Size(512 if order.on_gpu else 96, 1024)
        self.words = text.tokenizer()
        self.reader = Reader(WIDTH).to(order.device)
        there = order.checkpoint(TEXT_ENCODER)
        # What lies there when a run goes on is its own.
        fresh = not there.exists() or order.state.exists()
        self.before = None if fresh else frozen(there, TEXT_ENCODER, order.device)
        self.trainer = Trainer(order, (TEXT_ENCODER,), SCHEDULE, aside=self.reader)
        self.encoder = self.trainer.networks[TEXT_ENCODER]
        pages = [page(90_000_000 + n) for n in range(self.size.heldout)]
        self.heldout = self.tokens([sample.texts[0] for sample in pages])
        self.truth = torch.from_numpy(np.stack([s.arrays["answers"] for s in pages])).to(order.device)

    def tokens(self, texts: list[str]) -> Tensor:
        """Ids [B,L], as long as the longest text."""
        return torch.tensor(text.trimmed(text.rows(self.words, texts)), device=self.order.device)

    def loss(self, tokens: Tensor, truth: Tensor) -> Tensor:
        """Loss of texts: tokens [B,L] and answers [B,questions]."""
        states = self.encoder(tokens)
        loss = torch.zeros((), device=tokens.device)
        for n, scores in enumerate(self.reader(states, tokens)):
            asked = truth[:, n] != UNKNOWN
            if asked.any():
                loss = loss + F.cross_entropy(scores[asked], truth[asked, n]) * asked.float().mean()
        if self.before is not None:
            with torch.no_grad():
                old = self.before(tokens)
            loss = loss + BOUND * (states - old).square().sum() / (tokens != PAD).sum()
        return loss

    def turn(self, batches: Batches) -> None:
        """A step on the next texts."""
        batch = batches.next()
        tokens = self.tokens([texts[0] for texts in batch.texts])
        truth = batch.tensors["answers"].to(self.order.device)
        self.trainer.step(partial(self.loss, tokens, truth))

    @torch.no_grad()
    def save(self) -> None:
        """Measure on texts held out, and write the encoder."""
        with self.trainer.averaged():
            scores = self.reader(self.encoder(self.heldout), self.heldout)
        right = {}
        for n, name in enumerate(questions()):
            asked = self.truth[:, n] != UNKNOWN
            right[name] = float((scores[n].argmax(1) == self.truth[:, n])[asked].float().mean())
        self.trainer.journal.write(right=json.dumps({name: round(share, 3) for name, share in right.items()}))
        self.trainer.save(TEXT_ENCODER)

    def remember(self, whole: Memory) -> None:
        """The encoder that this one stays close to."""
        whole.put("reading", self.before.state_dict() if self.before is not None else {}, {})

    def recall(self, whole: Memory) -> None:
        """That encoder again."""
        tensors, _ = whole.get("reading")
        if tensors:
            self.before = loaded(TEXT_ENCODER, tensors, self.order.device)


def run(order: Order) -> None:
    """Train until the run is over."""
    prepare(order)
    saved = unfinished(order)
    plan = FeedPlan(order.workers, 4096, 512, 80_000_000 * (order.seed + 1), place(saved), asked=64)
    recipe = Recipe(order)
    with Feed(page, plan) as feed, Batches(feed, lambda _: recipe.size.batch, order.on_gpu) as batches:
        learn(recipe, batches, saved)
    end(order, recipe, TEXT_ENCODER)
