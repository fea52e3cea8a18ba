"""Video transformer: flow matching on latents of the frozen autoencoder, under the frozen text encoder.

Text is left out of some samples, for guidance. Tasks: text alone; the first frame given (encoded as an image,
at the first latent frame); the first latent frames given; a film to be edited given; the portrait of a figure
given (a square picture of its own, which the transformer sees as tokens). Images come first, then films.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from services.contract.layout import COLUMNS, SLOTS
from services.contract.tensors import TEXT_ENCODER, VIDEO_DECODER, VIDEO_ENCODER, VIDEO_TRANSFORMER
from services.families.moviegen.video_transformer import NEAREST, VideoTransformer
from training.recipes import flow, outlines, text
from training.recipes.asking import Asking
from training.recipes.batches import Batch, Batches, to_video
from training.recipes.compiled import compare
from training.recipes.division import Division
from training.recipes.encoding import Encoding
from training.recipes.feed import Bucket, Feed, FeedPlan
from training.recipes.files import frozen, write_png
from training.recipes.keeping import Keeping
from training.recipes.loop import end, learn, place
from training.recipes.memory import unfinished
from training.recipes.order import Order
from training.recipes.replay import Replay
from training.recipes.showing import Show, Studio
from training.recipes.sources import CHARACTER, CONTINUATION, EDIT, IMAGE, SIZES, TEXT, FilmPlan, film
from training.recipes.storing import Storing
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=1.2e-3, warmup=0.02, fall=0.7, decay=0.999, muon=True, muon_kernels=True)
# Without a GPU batches are small, and there is only time to go on from weights that were trained on one, in
# the plain part of the world.
GENTLE = Schedule(peak=8e-4, warmup=0.03, fall=0.8, decay=0.998, muon=True, muon_kernels=True)
WIDTH = 256
WITHOUT_TEXT = 0.12
# Of samples with text, for each task: only films from text are sure to have a layout when they are made.
WITHOUT_LAYOUT = (0.2, 0.6, 0.6, 0.7, 0.6)
TASK_SHARES = (0.70, 0.20, 0.10)
IMAGE_PART = 0.15
IMAGES_LATER = 0.2
ENCODE_PART = 0.3
MOST_DONE = 0.2
# Latents are many and things large: what will be where is decided between times 0.03 and 0.2.
EARLY, WIDE = -0.8, 1.2
ASKED, ASKED_AFTER = 0.1, 5
TOLD = 0.05
TILE = 32


@dataclass(frozen=True)
class Size:
    """What is rendered; tokens of a batch, pixels encoded at once, bytes of a bucket, slots of the ring.

    `show` is what the picture shows, `clips` how many are encoded for each step (as many as an H100 and a CPU
    had time for), `images` the part of the run for images alone, `images_later` their part of the steps after
    it, `tasks` the shares of the first three.
    """

    films: FilmPlan
    tokens: int
    pixels: int
    bucket_bytes: int
    slots: int
    show: Show
    clips: float
    tasks: tuple[float, float, float] = TASK_SHARES
    images: float = IMAGE_PART
    images_later: float = IMAGES_LATER

    def encoded(self, bucket: Bucket) -> int:
        """Films of a bucket encoded at once."""
        frames = 1 if bucket[0] == 1 else 8 * bucket[0]
        return max(1, min(64, self.pixels // (frames * bucket[1] * bucket[2] * 64)))

    def batch(self, bucket: Bucket) -> int:
        """Films of a bucket in a batch."""
        return max(1, self.tokens // (bucket[0] * bucket[1] * bucket[2] // 4))

    @property
    def slot_bytes(self) -> int:
        """The longest film, or the longest pair of them."""
        most = max(max(self.films.lengths), 2 * self.films.longest_pair)
        return 3 * 8 * most * 144 * 256 + 128


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        short = FilmPlan((1, 2), (0.6, 0.4), (1, 2), (64, 64))
        return Size(short, 256, 700_000, 4 << 20, 12, Show(2, 2, 4, (64, 64)), 1.0)
    if order.on_gpu:
        return Size(FilmPlan(), 65_536, 9_500_000, 1 << 30, 64, Show(8, 8, 30), 5.6)
    short = FilmPlan((1, 4), (0.4, 0.6), (4,), SIZES[0], edits=0.15, figures=0.0, plain=0.25)
    return Size(short, 4608, 600_000, 768 << 20, 24, Show(8, 8, 25), 2.0, images=0.0, images_later=0.35)


class Recipe(Storing):
    """One run: networks, frozen autoencoder, store of latents, loss and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        schedule = SCHEDULE if order.on_gpu or order.smoke else GENTLE
        self.asking = Asking(WIDTH).to(order.device)
        trainer = Trainer(order, (VIDEO_TRANSFORMER,), schedule, aside=self.asking)
        super().__init__(trainer, self.size.bucket_bytes)
        transformer = self.trainer.networks[VIDEO_TRANSFORMER]
        assert isinstance(transformer, VideoTransformer)
        self.asking.listen(transformer.blocks[ASKED_AFTER])
        self.keeping = Keeping(transformer.copying)
        self.transformer, self.predicts_data = transformer, transformer.params.predicts_data
        self.text_encoder: Callable[[Tensor], Tensor]
        self.words = text.tokenizer()
        self.empty = torch.tensor(text.rows(self.words, [""]), device=order.device)
        self.division = Division(order, self.trainer.pace, ENCODE_PART, self.size.clips)
        self.weights = torch.ones((), device=order.device)
        if order.compile:
            # On a CPU films have one size, and what is compiled for one is faster. For all sizes what works
            # on cells is not compiled: the refiner does not compile (torch 2.13).
            still = [] if order.on_gpu else [transformer.refiner, transformer.layout]
            for part in (*transformer.blocks, *still):
                part.compile(dynamic=order.on_gpu)

    def warm_up(self) -> None:
        """A loss and its gradient on made-up clips: what is compiled at first use is so in advance."""
        real, self.replay = self.replay, Replay(1 << 20, self.order.device)
        states = torch.zeros(1, text.LENGTH, self.transformer.params.text_width, device=self.order.device)
        self.text_encoder = lambda tokens: states.expand(len(tokens), -1, -1)
        height, width = self.size.films.size or (144, 256)
        for length in self.size.films.lengths[:1] + self.size.films.lengths[-1:]:
            channels = self.transformer.params.latent_channels
            shape = (4, channels, length, height // 8, width // 8)
            latents = torch.randn(shape, device=self.order.device)
            rows = {
                "latents": latents,
                "first": latents[:, :, 0],
                "things": torch.zeros_like(latents[:, 0]).byte(),
            }
            bucket = (length, *shape[3:], TEXT)
            rows["layout"] = torch.randn(4, SLOTS, length, COLUMNS, device=self.order.device)
            self.replay.add(bucket, rows | {"tokens": self.empty.expand(4, -1)})
            if self.order.compile:
                off = compare(partial(self.loss, bucket), self.trainer.weights, self.order.device)
                self.trainer.journal.write(compiled_gradients_off_by=off)
            else:
                self.loss(bucket).backward()  # type: ignore[no-untyped-call]
        self.trainer.clear()
        self.replay = real

    def learn_outlines(self) -> None:
        """Teach the layout field outlines, if it does not know them."""
        steps = 20 if self.order.smoke else outlines.STEPS
        known = outlines.teach(self.transformer.layout, self.order.device, steps)
        self.trainer.restart_average()
        self.trainer.journal.write(outlines=round(known, 4))

    def begin(self) -> None:
        """Read the frozen networks; the time of the schedules runs from here."""
        encoder, self.decoder, self.text_encoder = (
            frozen(self.order.checkpoint(name), name, self.order.device)
            for name in (VIDEO_ENCODER, VIDEO_DECODER, TEXT_ENCODER)
        )
        self.encoding = Encoding(encoder, self.order.on_gpu)
        # Latents are of one deviation, but what they are as pixels is far from it.
        pixels = self.decoder.get_parameter("blocks.weight").flatten(1).norm(dim=1)
        seen = (pixels * self.encoding.std.flatten()).sqrt()
        self.weights = (seen / seen.mean())[:, None, None, None]
        self.trainer.restart_clock()

    def tiled(self, pixels: Tensor) -> Tensor:
        """Latents of films, bytes [B,F,H,W,3], in tiles of 32 frames."""
        pixels = pixels.to(self.order.device, non_blocking=True)
        video = to_video(pixels).to(self.encoding.dtype)
        count, _, frames, height, width = video.shape
        tile = min(TILE, frames)
        tiles = video.reshape(count, 3, frames // tile, tile, height, width).transpose(1, 2).flatten(0, 1)
        with autocast(self.order):
            latents = self.encoding.latents(tiles)
        latents = latents.reshape(count, frames // tile, *latents.shape[1:])
        return latents.transpose(1, 2).flatten(2, 3)

    @torch.no_grad()
    def encode(self, batch: Batch) -> None:
        """Latents of films to the store, with what their task gives: `first` an image, `source` a film,
        `character` a portrait."""
        pixels, kind = batch.tensors["video"], batch.bucket[3]
        captions = [texts[0] for texts in batch.texts]
        rows = {
            "latents": self.tiled(pixels),
            "things": batch.tensors["things"].to(self.order.device),
            "layout": batch.tensors["layout"].to(self.order.device).half(),
            "tokens": torch.tensor(text.rows(self.words, captions), device=self.order.device),
        }
        if kind == EDIT:
            rows["source"] = self.tiled(batch.tensors["source"])
        elif kind == CHARACTER:
            rows["character"] = self.tiled(batch.tensors["portrait"])[:, :, 0]
        else:
            rows["first"] = self.tiled(pixels[:, :1])[:, :, 0]
        self.replay.add(batch.bucket, rows)

    def choose(self) -> Bucket | None:
        """A bucket by how often the world gives it; images alone at first. None while there is too little."""
        enough = [b for b in self.replay.seen if self.replay.count(b) >= min(8, self.size.batch(b))]
        if not enough:
            return None
        images = [b for b in enough if b[0] == 1]
        films = [b for b in enough if b[0] > 1]
        early = self.trainer.pace.part < self.size.images
        chosen = images if early or self.chance.random() < self.size.images_later else films
        chosen = chosen or films or images
        return self.chance.choices(chosen, [self.replay.seen[bucket] for bucket in chosen])[0]

    def condition(self, rows: dict[str, Tensor], task: Tensor) -> Tensor:
        """Given latents and mask [B,C+1,T,h,w] for tasks [B]."""
        latents = rows["latents"].float()
        count, _, frames = latents.shape[:3]
        shown = (task == EDIT).float()[:, None].expand(-1, frames).clone()
        shown[:, 0] += (task == IMAGE).float()
        known = 1 + torch.randint(max(1, frames // 2), (count, 1), device=latents.device)
        before = torch.arange(frames, device=latents.device)[None] < known
        shown = torch.where((task == CONTINUATION)[:, None], before.float(), shown)
        source = rows["source"].float() if "source" in rows else latents.clone()
        if "first" in rows:
            image = (task == IMAGE)[:, None, None, None]
            source[:, :, 0] = torch.where(image, rows["first"].float(), source[:, :, 0])
        mask = shown[:, None, :, None, None].expand(-1, 1, -1, *latents.shape[3:])
        return torch.cat([source * mask, mask], dim=1)

    def tasks(self, bucket: Bucket, count: int) -> Tensor:
        """Tasks [B]: that of the bucket, or for films with a caption one of the first three."""
        if bucket[3] != TEXT:
            return torch.full((count,), bucket[3], device=self.order.device)
        shares = torch.tensor(self.size.tasks if bucket[0] > 1 else (1.0, 0.0, 0.0))
        return torch.multinomial(shares, count, replacement=True).to(self.order.device)

    def layout(self, layout: Tensor, task: Tensor, without: Tensor) -> Tensor:
        """Layouts [B,K,T,A], of some nothing: always where text is left out too, `without` [B,1]."""
        share = torch.tensor(WITHOUT_LAYOUT, device=layout.device)[task]
        left_out = without[:, 0] | (torch.rand(len(layout), device=layout.device) < share)
        return layout * ~left_out[:, None, None, None]

    def loss(self, bucket: Bucket) -> Tensor:
        """Loss of a batch from the store."""
        count = max(1, int(self.size.batch(bucket) * self.trainer.shrink))
        rows = self.replay.draw(bucket, count)
        character = rows["character"].float() if "character" in rows else None
        latents, device = rows["latents"].float(), self.order.device
        task = self.tasks(bucket, count)
        without = torch.rand(count, 1, device=device) < WITHOUT_TEXT
        tokens = torch.where(without, self.empty, rows["tokens"])
        noise, time_ = torch.randn_like(latents), flow.times(count, device, EARLY, WIDE)
        x = flow.at(time_, latents, noise)
        layout = self.layout(rows["layout"].float(), task, without)
        with autocast(self.order):
            with torch.no_grad():
                states, mask = self.text_encoder(tokens), (tokens != 0).float()
            given = self.condition(rows, task)
            velocity = self.transformer(x, given, time_, task, states, mask, character, layout)
        asked, told = self.asking(rows["things"]), self.keeping.loss(latents, given)
        error = self.error(velocity.float(), (x, latents, noise), time_)
        # The same weight for all cells: where it is open whether a thing is there, more for things would draw
        # them in all places that they could have.
        flown = (error.square() * self.weights).mean()
        self.trainer.note(asked=asked.detach(), told=told.detach())
        loss: Tensor = flown + ASKED * asked + TOLD * told
        return loss

    def error(self, velocity: Tensor, path: tuple[Tensor, Tensor, Tensor], moment: Tensor) -> Tensor:
        """Error of a velocity at the point x between latents and noise: `path` is the three of them."""
        x, latents, noise = path
        if not self.predicts_data:
            return velocity - flow.velocity(latents, noise)
        left = (1.0 - moment)[:, None, None, None, None]
        data = x + left.clamp_min(NEAREST) * velocity
        # As an error of the velocity, but for times where next to nothing is left to do.
        return (data - latents) / left.clamp_min(MOST_DONE)

    def turn(self, batches: Batches) -> None:
        """A step, and encoding if it is due."""
        start, bucket = time.monotonic(), self.choose()
        if bucket is not None:
            self.trainer.step(partial(self.loss, bucket))
            start = self.division.trained(start)
        if bucket is None or self.division.due(self.replay.total, batches.ready):
            self.encode(batches.next())
            self.division.encoded(start)
        self.trainer.note(clips=self.replay.total, images=int(self.trainer.pace.part < self.size.images))

    def sheet(self, path: Path, full: bool) -> None:
        """A picture of a film for each prompt: eight frames in a row."""
        studio = Studio(self.transformer, self.decoder, self.text_encoder, self.order.device)
        # Compiled blocks would be compiled once more for this.
        eager = torch.compiler.set_stance("force_eager")
        with eager, self.trainer.averaged(), autocast(self.order):
            picture = studio.films(self.size.show if full else self.size.show.quick)
        write_png(path.with_suffix(".png"), picture)

    def save(self) -> None:
        """Write the network."""
        self.trainer.save(VIDEO_TRANSFORMER)


def run(order: Order) -> None:
    """Train from the moment the networks around it are final until the run is over."""
    prepare(order)
    size, saved = size_of(order), unfinished(order)
    seed = 40_000_000 * (order.seed + 1)
    plan = FeedPlan(order.workers, size.slots, size.slot_bytes, seed, place(saved))
    with Feed(partial(film, plan=size.films), plan) as feed:
        recipe = Recipe(order)
        recipe.warm_up()
        if saved is None:
            recipe.learn_outlines()
        order.wait_for(VIDEO_ENCODER, VIDEO_DECODER, TEXT_ENCODER)
        recipe.begin()
        with Batches(feed, size.encoded, order.on_gpu, depth=6) as batches:
            learn(recipe, batches, saved)
    end(order, recipe, VIDEO_TRANSFORMER)
