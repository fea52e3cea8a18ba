"""Audio transformer and visual encoder together: flow matching on latents of the frozen codec.

Text comes without a frame rate: the sound caption or the caption of the picture. Guidance at inference works
against the same picture with empty text; that is what leaving out the text prepares. The picture is left out
at times too, so that sound can be made from text alone.
"""

import random
import time
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from services.contract.tensors import (
    AUDIO_DECODER,
    AUDIO_ENCODER,
    AUDIO_TRANSFORMER,
    TEXT_ENCODER,
    VISUAL_ENCODER,
)
from services.families.moviegen import casts
from training.recipes import flow, text
from training.recipes.batches import Batch, Batches, to_signal
from training.recipes.feed import Bucket, Feed, FeedPlan
from training.recipes.files import frozen, write_wave
from training.recipes.order import CAST, Order
from training.recipes.replay import Replay
from training.recipes.sources import SECOND, ScorePlan, film_with_sound
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(peak=1e-3, warmup=0.03, fall=0.8, decay=0.999)
WITHOUT_TEXT = 0.15
WITHOUT_PICTURE = 0.10
WITH_CONTEXT = 0.2
LATENTS_PER_S = 25
GUIDANCE = 3.0
ENCODE_PART = 0.2


@dataclass(frozen=True)
class Size:
    """What is rendered; latents of a batch, seconds encoded at once, bytes of a bucket."""

    films: ScorePlan
    latents: int
    seconds: int
    bucket_bytes: int
    slots: int

    def encoded(self, bucket: Bucket) -> int:
        """Films of a bucket encoded at once."""
        return max(1, self.seconds // bucket[0])

    def batch(self, bucket: Bucket) -> int:
        """Films of a bucket in a batch."""
        return max(1, self.latents // (bucket[0] * LATENTS_PER_S))

    @property
    def slot_bytes(self) -> int:
        """The longest film with its sound."""
        seconds = max(self.films.seconds)
        return 3 * min(24 * seconds, 256) * self.films.side**2 + 4 * SECOND * seconds + 512


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(ScorePlan((1,), (1.0,)), 50, 2, 4 << 20, 8)
    if order.on_gpu:
        return Size(ScorePlan(), 6_400, 64, 3 << 29, 96)
    return Size(ScorePlan((1, 2, 4), (0.3, 0.4, 0.3)), 200, 8, 64 << 20, 24)


def resample(features: Tensor, count: int, frames_per_latent: float) -> Tensor:
    """Features [B,F,D], one a frame, to [B,count,D]: `services.sampling.resample` on a batch of tensors."""
    frames = features.shape[1]
    steps = torch.arange(count, device=features.device, dtype=torch.float64)
    position = ((steps + 0.5) * frames_per_latent - 0.5).clamp(0, frames - 1)
    before = position.floor().long()
    after = (before + 1).clamp_max(frames - 1)
    share = (position - before).to(features.dtype)[:, None]
    return (1 - share) * features[:, before] + share * features[:, after]


def roughened(frames: Tensor) -> Tensor:
    """Frames [B,F,3,s,s] a little blurred, dimmed and noisy, each film in its own way."""
    count, device = len(frames), frames.device
    blurred = F.avg_pool2d(F.pad(frames.flatten(0, 1), (1, 1, 1, 1), mode="replicate"), 3, 1).view_as(frames)
    amount = torch.rand(count, 1, 1, 1, 1, device=device)
    frames = frames + amount * (blurred - frames)
    level = 1.0 + 0.1 * torch.randn(count, 1, 1, 1, 1, device=device)
    noise = 0.05 * torch.rand(count, 1, 1, 1, 1, device=device) * torch.randn_like(frames)
    return frames * level + noise


def context(latents: Tensor) -> Tensor:
    """Known latents and mask [B,C+1,T]: mostly nothing, at times all before a point or all around a gap."""
    count, _, length = latents.shape
    device = latents.device
    steps = torch.arange(length, device=device)[None]
    edges = (torch.rand(count, 2, device=device) * length).long().sort(dim=1).values
    gap = (steps >= edges[:, :1]) & ((steps < edges[:, 1:]) | (torch.rand(count, 1, device=device) < 0.5))
    known = ~gap & (torch.rand(count, 1, device=device) < WITH_CONTEXT)
    mask = known[:, None].float()
    return torch.cat([latents * mask, mask], dim=1)


class Recipe:
    """One run: networks, frozen codec and text encoder, store of latents and frames, loss and files."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        self.trainer = Trainer(order, (AUDIO_TRANSFORMER, VISUAL_ENCODER), SCHEDULE)
        self.transformer = self.trainer.networks[AUDIO_TRANSFORMER]
        self.visual = self.trainer.networks[VISUAL_ENCODER]
        self.replay = Replay(self.size.bucket_bytes, order.device)
        self.words = text.tokenizer()
        self.empty = torch.tensor(text.rows(self.words, [""]), device=order.device)
        self.chance = random.Random(order.seed)
        self.spent_s = {"train": 1e-3, "encode": 1e-3}
        if order.compile:
            for block in self.transformer.get_submodule("blocks"):  # type: ignore[attr-defined]
                block.compile(dynamic=True)

    def warm_up(self) -> None:
        """A loss and its gradient on made-up clips: what is compiled at first use is so in advance."""
        real, self.replay = self.replay, Replay(1 << 20, self.order.device)
        self.text_encoder = casts.build(CAST, TEXT_ENCODER).to(self.order.device)
        side, device = self.size.films.side, self.order.device
        for seconds in self.size.films.seconds[:1] + self.size.films.seconds[-1:]:
            rows = {
                "latents": torch.randn(2, 32, LATENTS_PER_S * seconds, device=device),
                "frames": torch.zeros(2, 16 * seconds, side, side, 3, dtype=torch.uint8, device=device),
                "picture_tokens": self.empty.expand(2, -1),
                "sound_tokens": self.empty.expand(2, -1),
            }
            self.replay.add((seconds, 16), rows)
            self.loss((seconds, 16)).backward()  # type: ignore[no-untyped-call]
        self.trainer.optimizer.zero_grad(set_to_none=True)
        self.replay = real

    def begin(self) -> None:
        """Read codec and text encoder; the time of the schedules runs from here."""
        self.encoder, self.decoder, self.text_encoder = (
            frozen(self.order.checkpoint(name), name, self.order.device)
            for name in (AUDIO_ENCODER, AUDIO_DECODER, TEXT_ENCODER)
        )
        self.trainer.restart_clock()

    def tokens(self, texts: list[str]) -> Tensor:
        """Ids [B,60]."""
        return torch.tensor(text.rows(self.words, texts), device=self.order.device)

    @torch.no_grad()
    def encode(self, batch: Batch) -> None:
        """Latents of sounds with frames and both texts, to the store."""
        tensors = batch.to(self.order.device)
        rows = {
            "latents": self.encoder(tensors["waveform"][:, None]),
            "frames": tensors["frames"],
            "picture_tokens": self.tokens([texts[0] for texts in batch.texts]),
            "sound_tokens": self.tokens([texts[1] for texts in batch.texts]),
        }
        self.replay.add(batch.bucket, rows)

    def features(self, frames: Tensor, count: int, rate: int) -> Tensor:
        """Visual features [B,count,D] of frames [B,F,3,s,s] in [-1, 1]."""
        seen = self.visual(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        return resample(seen, count, rate / LATENTS_PER_S)

    def choose(self) -> Bucket | None:
        """A bucket by how often the world gives it; None as long as there is too little."""
        enough = [b for b in self.replay.seen if self.replay.count(b) >= min(8, self.size.batch(b))]
        if not enough:
            return None
        return self.chance.choices(enough, [self.replay.seen[bucket] for bucket in enough])[0]

    def loss(self, bucket: Bucket) -> Tensor:
        """Loss of a batch from the store."""
        count, device = max(1, int(self.size.batch(bucket) * self.trainer.shrink)), self.order.device
        rows = self.replay.draw(bucket, count)
        latents = rows["latents"]
        frames = roughened(to_signal(rows["frames"].permute(0, 1, 4, 2, 3)))
        sound_text = torch.rand(count, 1, device=device) < 0.5
        tokens = torch.where(sound_text, rows["sound_tokens"], rows["picture_tokens"])
        tokens = torch.where(torch.rand(count, 1, device=device) < WITHOUT_TEXT, self.empty, tokens)
        noise, moment = torch.randn_like(latents), flow.times(count, device)
        with autocast(self.order):
            visual = self.features(frames, latents.shape[2], bucket[1])
            visual = visual * (torch.rand(count, 1, 1, device=device) >= WITHOUT_PICTURE)
            with torch.no_grad():
                states = self.text_encoder(tokens)
            at = flow.at(moment, latents, noise)
            mask = (tokens != 0).float()
            velocity = self.transformer(at, context(latents), visual, moment, states, mask)
        return F.mse_loss(velocity.float(), flow.velocity(latents, noise))

    def turn(self, batches: Batches) -> None:
        """A step, and as much encoding as its part of the time allows."""
        start, bucket = time.monotonic(), self.choose()
        if bucket is not None:
            self.trainer.step(partial(self.loss, bucket))
            start = self.timed("train", start)
        behind = self.spent_s["encode"] < ENCODE_PART * sum(self.spent_s.values())
        if bucket is None or (behind and batches.ready):
            self.encode(batches.next())
            self.timed("encode", start)
        self.trainer.note(clips=self.replay.total)

    def timed(self, what: str, start: float) -> float:
        """Add the time since start, the device's included, to what it was spent on; the time now."""
        if self.order.on_gpu:
            torch.cuda.synchronize()
        now = time.monotonic()
        self.spent_s = {name: 0.98 * spent for name, spent in self.spent_s.items()}
        self.spent_s[what] += now - start
        return now

    @torch.no_grad()
    def listen(self) -> None:
        """Sounds made for films held out, each beside the true one."""
        plan = ScorePlan((1,) if self.order.smoke else (4,), (1.0,), split="heldout")
        for number in range(1 if self.order.smoke else 2):
            sample = film_with_sound(9_000_000 + number, plan)
            seconds, rate = sample.bucket
            frames = to_signal(torch.from_numpy(sample.arrays["frames"]).permute(0, 3, 1, 2)[None])
            tokens = torch.cat([self.empty, self.tokens([sample.texts[0]])])
            waveform = self.sound(frames.to(self.order.device), tokens, seconds * LATENTS_PER_S, rate)
            write_wave(self.order.work / f"sound-{number}-made.wav", waveform)
            write_wave(
                self.order.work / f"sound-{number}-true.wav", torch.from_numpy(sample.arrays["waveform"])
            )
            self.trainer.journal.write(sound=number, caption=sample.texts[0])

    def sound(self, frames: Tensor, tokens: Tensor, count: int, rate: int) -> Tensor:
        """The sound [S] for frames [1,F,3,s,s] and tokens [2,L]: nothing, and the text."""
        device = self.order.device
        # Compiled blocks would be compiled once more for this.
        eager = torch.compiler.set_stance("force_eager")
        with eager, self.trainer.averaged(), autocast(self.order):
            visual = flow.twice(self.features(frames, count, rate))
            states, mask = self.text_encoder(tokens), (tokens != 0).float()
            noise = torch.randn(
                (1, 32, count), generator=torch.Generator(device).manual_seed(1), device=device
            )
            nothing = torch.zeros(2, 33, count, device=device)

            def field(x: Tensor, at: float) -> Tensor:
                moment = torch.full((2,), at, device=device)
                both = self.transformer(flow.twice(x), nothing, visual, moment, states, mask).float()
                return flow.guided(both, GUIDANCE)

            steps = 4 if self.order.smoke else 48
            latents = flow.integrate(field, noise, [n / steps for n in range(steps + 1)])
        waveform: Tensor = self.decoder(latents)[0, 0]
        return waveform

    def save(self) -> None:
        """Write the networks."""
        self.trainer.save(AUDIO_TRANSFORMER)
        self.trainer.save(VISUAL_ENCODER)


def run(order: Order) -> None:
    """Train from the moment codec and text encoder are final until the order's time is up."""
    prepare(order)
    size = size_of(order)
    plan = FeedPlan(order.workers, size.slots, size.slot_bytes, 50_000_000 * (order.seed + 1))
    with Feed(partial(film_with_sound, plan=size.films), plan) as feed:
        recipe = Recipe(order)
        recipe.warm_up()
        order.wait_for(AUDIO_ENCODER, AUDIO_DECODER, TEXT_ENCODER)
        recipe.begin()
        with Batches(feed, size.encoded, order.on_gpu, depth=6) as batches:
            while recipe.trainer.running:
                recipe.turn(batches)
                if recipe.trainer.due():
                    recipe.save()
            recipe.save()
    order.finish(AUDIO_TRANSFORMER)
    order.finish(VISUAL_ENCODER)
    recipe.listen()
