"""Audio transformer: flow matching on codec latents, under features of the frozen visual encoder.

Features are computed once a film, of a picture as a video model would show it, so that a step costs little.
Text comes without a frame rate: the sound caption or the caption of the picture. Guidance at inference works
against empty text and no picture; that is what leaving them out prepares. So sound can be made from text
alone, too.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from services.contract.tensors import (
    AUDIO_DECODER,
    AUDIO_ENCODER,
    AUDIO_TRANSFORMER,
    TEXT_ENCODER,
    VIDEO_DECODER,
    VIDEO_ENCODER,
    VISUAL_ENCODER,
)
from services.contract.tokenizer import PAD
from services.families.moviegen.audio_transformer import AudioTransformer
from training.recipes import flow, text
from training.recipes.batches import Batch, Batches
from training.recipes.compiled import compare
from training.recipes.division import Division
from training.recipes.feed import Bucket, Feed, FeedPlan, Sample
from training.recipes.files import frozen, write_png, write_wave
from training.recipes.hearing import Booth
from training.recipes.hits import Hits, around
from training.recipes.loop import end, learn, place
from training.recipes.memory import Memory, unfinished
from training.recipes.nearby import look_around, solve_last_layer
from training.recipes.order import Order
from training.recipes.replay import Replay
from training.recipes.seen import autoencoder, look, seen
from training.recipes.sheets import spectrogram, stacked
from training.recipes.sources import LATENTS_PER_S, SECOND, ScorePlan, film_with_sound
from training.recipes.storing import Storing
from training.recipes.trainer import Schedule, Trainer, autocast, prepare

SCHEDULE = Schedule(
    peak=8e-4,
    warmup=0.03,
    fall=0.7,
    decay=0.998,
    slow=("time.", "modulation.", "bias", "velocity."),
    muon=True,
)
# Without a GPU the network goes on from weights that are there.
GENTLE = replace(SCHEDULE, peak=5e-4, fall=1.0)
SOLVED_BATCHES = 10
WITHOUT_TEXT = 0.15
WITHOUT_PICTURE = 0.08
WITH_CONTEXT = 0.05
FEATURE_NOISE = 0.05
LOUDEST_COUNTS, HIT_COUNTS = 4.0, 2.0
TELL_HITS = 0.1
WIDTH = 256
ENCODE_PART = 0.2
NEEDED = (AUDIO_ENCODER, AUDIO_DECODER, TEXT_ENCODER, VISUAL_ENCODER, VIDEO_ENCODER, VIDEO_DECODER)


@dataclass(frozen=True)
class Size:
    """What is rendered; latents of a batch, seconds encoded at once, bytes of a bucket, slots of the ring.

    `clips` are encoded for each step.
    """

    films: ScorePlan
    latents: int
    seconds: int
    bucket_bytes: int
    slots: int
    clips: float

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
        return 3 * min(24 * seconds, 256) * 144 * 256 + 4 * (SECOND + LATENTS_PER_S) * seconds + 512


def size_of(order: Order) -> Size:
    """What the machine can bear."""
    if order.smoke:
        return Size(ScorePlan((1,), (1.0,)), 50, 2, 4 << 20, 8, 1.0)
    if order.on_gpu:
        return Size(ScorePlan(), 6_400, 32, 3 << 29, 48, 6.9)
    return Size(ScorePlan((1, 2, 4), (0.05, 0.55, 0.40)), 1_600, 4, 256 << 20, 8, 1.6)


def schedule_of(order: Order) -> Schedule:
    """How fast the network learns."""
    return SCHEDULE if order.on_gpu or order.smoke else GENTLE


def resample(features: Tensor, count: int, frames_per_latent: float) -> Tensor:
    """Features [B,F,D], one a frame, to [B,count,D]: `services.sampling.resample` on a batch of tensors."""
    frames = features.shape[1]
    steps = torch.arange(count, device=features.device, dtype=torch.float64)
    position = ((steps + 0.5) * frames_per_latent - 0.5).clamp(0, frames - 1)
    before = position.floor().long()
    after = (before + 1).clamp_max(frames - 1)
    share = (position - before).to(features.dtype)[:, None]
    return (1 - share) * features[:, before] + share * features[:, after]


def without_pads(tokens: Tensor) -> Tensor:
    """Ids [B,60] as far as the longest of the texts goes. Pads would be half of what a CPU does for texts."""
    return tokens[:, : int((tokens != PAD).sum(1).max())]


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


def times(count: int, device: str) -> Tensor:
    """Times [count], earlier than elsewhere: when things sound is decided close to the noise."""
    moments = torch.sigmoid(1.1 * torch.randn(count, device=device) - 0.5)
    kind = torch.rand(count, device=device)
    moments = torch.where(kind < 0.5, 0.15 * torch.rand(count, device=device), moments)
    return moments * (kind >= 0.25)


def hearing(deviations: Tensor) -> Tensor:
    """How much each component [C,1] of latents counts: as it does in what is heard.

    Normalized, the first of them, the loudness, would count no more than the last, which is a tenth of it.
    """
    return (deviations / deviations.mean())[:, None]


class Recipe(Storing):
    """One run: the transformer, frozen networks around it, store of latents and features, loss and file."""

    def __init__(self, order: Order) -> None:
        self.order, self.size = order, size_of(order)
        fresh = not order.checkpoint(AUDIO_TRANSFORMER).exists() and not order.state.exists()
        self.hits = Hits(WIDTH).to(order.device)
        trainer = Trainer(order, (AUDIO_TRANSFORMER,), schedule_of(order), aside=self.hits)
        super().__init__(trainer, self.size.bucket_bytes)
        transformer = self.trainer.networks[AUDIO_TRANSFORMER]
        assert isinstance(transformer, AudioTransformer)
        self.transformer = transformer
        self.heard = torch.ones(transformer.params.latent_channels, 1, device=order.device)
        if fresh:
            look_around(transformer)
            self.trainer.restart_average()
        self.solved = not fresh
        self.words = text.tokenizer()
        self.empty = torch.tensor(text.rows(self.words, [""]), device=order.device)
        self.text_encoder: Callable[[Tensor], Tensor]
        self.division = Division(order, self.trainer.pace, ENCODE_PART, self.size.clips)
        if order.compile:
            for block in self.transformer.blocks:
                block.compile(dynamic=True)

    def warm_up(self) -> None:
        """A loss and its gradient on made-up clips: what is compiled at first use is so in advance."""
        real, self.replay = self.replay, Replay(1 << 20, self.order.device)
        params, device = self.transformer.params, self.order.device
        states = torch.zeros(2, text.LENGTH, params.text_width, device=device)
        for seconds in self.size.films.seconds[:1] + self.size.films.seconds[-1:]:
            count = LATENTS_PER_S * seconds
            rows = {
                "latents": torch.randn(2, params.latent_channels, count, device=device),
                "features": torch.randn(2, count, params.visual_width, device=device).half(),
                "hits": torch.zeros(2, count, device=device),
                "picture_tokens": self.empty.expand(2, -1),
                "sound_tokens": self.empty.expand(2, -1),
            }
            self.replay.add((seconds,), rows)
            self.text_encoder = lambda tokens: states[:1, : tokens.shape[1]].expand(len(tokens), -1, -1)
            if self.order.compile:
                off = compare(partial(self.loss, (seconds,)), self.trainer.weights, self.order.device)
                self.trainer.journal.write(compiled_gradients_off_by=off)
            else:
                self.loss((seconds,)).backward()  # type: ignore[no-untyped-call]
        self.trainer.clear()
        self.replay = real

    def begin(self) -> None:
        """Read the frozen networks; the time of the schedules runs from here."""
        self.encoder, self.decoder, self.text_encoder, self.visual = (
            frozen(self.order.checkpoint(name), name, self.order.device)
            for name in (AUDIO_ENCODER, AUDIO_DECODER, TEXT_ENCODER, VISUAL_ENCODER)
        )
        self.heard = hearing(self.encoder.get_buffer("std"))
        self.codec = autoencoder(self.order)
        self.trainer.restart_clock()

    def tokens(self, texts: list[str]) -> Tensor:
        """Ids [B,60]."""
        return torch.tensor(text.rows(self.words, texts), device=self.order.device)

    @torch.no_grad()
    def encode(self, batch: Batch) -> None:
        """Latents of sounds, features of their pictures and both texts, to the store."""
        tensors = batch.to(self.order.device)
        latents = self.encoder(tensors["waveform"][:, None])
        frames = seen(tensors["video"], self.codec, self.chance)
        rows = {
            "latents": latents,
            "features": self.features(frames, latents.shape[2], batch.bucket[1]).half(),
            "hits": tensors["hits"],
            "picture_tokens": self.tokens([texts[0] for texts in batch.texts]),
            "sound_tokens": self.tokens([texts[1] for texts in batch.texts]),
        }
        self.replay.add(batch.bucket[:1], rows)

    def features(self, frames: Tensor, count: int, rate: int) -> Tensor:
        """Visual features [B,count,D] of frames [B,F,3,s,s] in [-1, 1]."""
        return resample(look(self.visual, frames), count, rate / LATENTS_PER_S)

    def choose(self) -> Bucket | None:
        """A bucket by how often the world gives it; None as long as there is too little."""
        enough = [b for b in self.replay.seen if self.replay.count(b) >= min(8, self.size.batch(b))]
        if not enough:
            return None
        return self.chance.choices(enough, [self.replay.seen[bucket] for bucket in enough])[0]

    def velocities(self, rows: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Velocities [B,C,T], made and true, of clips of the store; losses [B,T] of hits in what is seen."""
        latents, visual = rows["latents"], rows["features"].float()
        count, device = len(latents), self.order.device
        shown = torch.rand(count, 1, 1, device=device) >= WITHOUT_PICTURE
        visual = (visual + FEATURE_NOISE * torch.randn_like(visual)) * shown
        sound_text = torch.rand(count, 1, device=device) < 0.5
        tokens = torch.where(sound_text, rows["sound_tokens"], rows["picture_tokens"])
        tokens = torch.where(torch.rand(count, 1, device=device) < WITHOUT_TEXT, self.empty, tokens)
        tokens = tokens if self.order.on_gpu else without_pads(tokens)
        noise, moment = torch.randn_like(latents), times(count, device)
        with autocast(self.order):
            with torch.no_grad():
                states = self.text_encoder(tokens)
            at = flow.at(moment, latents, noise)
            mask = (tokens != PAD).float()
            velocity = self.transformer(at, context(latents), visual, moment, states, mask)
            told = self.hits(self.transformer.glance(visual), rows["hits"]) * shown[:, :, 0]
        return velocity.float(), flow.velocity(latents, noise), told

    def draw(self, bucket: Bucket) -> dict[str, Tensor]:
        """Clips of a batch from the store."""
        return self.replay.draw(bucket, max(1, int(self.size.batch(bucket) * self.trainer.shrink)))

    def loss(self, bucket: Bucket) -> Tensor:
        """Loss of a batch from the store. What is loud or near a hit counts more: most is silent."""
        rows = self.draw(bucket)
        made, true, told = self.velocities(rows)
        loud = rows["latents"].square().mean(1, keepdim=True).clamp_max(LOUDEST_COUNTS)
        weight = 1.0 + loud + HIT_COUNTS * around(rows["hits"])
        flown = (weight * self.heard * (made - true).square()).mean() / weight.mean()
        return flown + TELL_HITS * told.mean()

    def solve(self, bucket: Bucket) -> None:
        """Begin with the best last layer on what the untrained blocks give."""

        def lacking() -> Tensor:
            made, true = self.velocities(self.draw(bucket))[:2]
            return true - made

        solve_last_layer(self.transformer, [lacking] * SOLVED_BATCHES)
        self.trainer.restart_average()
        self.solved = True

    def turn(self, batches: Batches) -> None:
        """A step, and encoding if it is due."""
        start, bucket = time.monotonic(), self.choose()
        if bucket is not None:
            if not self.solved:
                self.solve(bucket)
            self.trainer.step(partial(self.loss, bucket))
            start = self.division.trained(start)
        if bucket is None or self.division.due(self.replay.total, batches.ready):
            self.encode(batches.next())
            self.division.encoded(start)
        self.trainer.note(clips=self.replay.total)

    @torch.no_grad()
    def sheet(self, path: Path, full: bool) -> None:
        """Sounds for films held out, made and true, to hear; spectrograms of both, the made one above."""
        seconds, short = 1 if self.order.smoke else 4, self.order.smoke or not full
        plan = ScorePlan((seconds,), (1.0,), split="heldout", plain=not self.order.on_gpu)
        steps = 4 if self.order.smoke else 48 if full else 16
        booth, pictures = Booth(self.transformer, self.decoder, self.text_encoder, steps), []
        for number in range(1 if short else 2):
            sample = film_with_sound(9_000_000 + number, plan)
            true = torch.from_numpy(sample.arrays["waveform"])
            made = self.made(booth, sample, round(seconds * LATENTS_PER_S))
            for name, waveform in (("made", made), ("true", true)):
                write_wave(path.with_name(f"{path.name}-{number}-{name}.wav"), waveform)
                pictures.append(spectrogram(waveform))
            self.trainer.journal.write(sound=number, caption=sample.texts[0])
        write_png(path.with_suffix(".png"), stacked(pictures))

    def made(self, booth: Booth, sample: Sample, count: int) -> Tensor:
        """The sound [S] for a film's picture and caption, of `count` latents."""
        video = torch.from_numpy(sample.arrays["video"])[None].to(self.order.device)
        tokens = torch.cat([self.empty, self.tokens([sample.texts[0]])])
        # Compiled blocks would be compiled once more for this.
        eager = torch.compiler.set_stance("force_eager")
        with eager, self.trainer.averaged(), autocast(self.order):
            frames = seen(video, self.codec, random.Random(0))
            return booth.sound(self.features(frames, count, sample.bucket[1]), tokens)

    def save(self) -> None:
        """Write the network."""
        self.trainer.save(AUDIO_TRANSFORMER)

    def remember(self, whole: Memory) -> None:
        """Also whether the last layer was solved for."""
        super().remember(whole)
        whole.put("audio", {}, {"solved": self.solved})

    def recall(self, whole: Memory) -> None:
        """All of this as it was."""
        super().recall(whole)
        self.solved = whole.get("audio")[1]["solved"]


def run(order: Order) -> None:
    """Train from the moment the networks around it are final until the run is over."""
    prepare(order)
    size, saved = size_of(order), unfinished(order)
    seed = 50_000_000 * (order.seed + 1)
    plan = FeedPlan(order.workers, size.slots, size.slot_bytes, seed, place(saved))
    with Feed(partial(film_with_sound, plan=size.films), plan) as feed:
        recipe = Recipe(order)
        recipe.warm_up()
        order.wait_for(*NEEDED)
        recipe.begin()
        with Batches(feed, size.encoded, order.on_gpu, depth=6) as batches:
            learn(recipe, batches, saved)
    end(order, recipe, AUDIO_TRANSFORMER)
