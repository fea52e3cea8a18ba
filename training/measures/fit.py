"""Teaches the ears: `python -m training.measures.fit [CLIPS]` writes `ears.json`.

Sounds of training scenes, with music drawn evenly, at many levels and with some hiss; 7,000 of them take six
minutes of a core. Only this module needs torch.
"""

import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.measures import ears, listening
from training.measures.onsets import HOP, RATE
from training.world.chance import Film, sample_scene
from training.world.physics import impacts
from training.world.scene import MOODS, Scene, stream
from training.world.sound import synthesize

FIRST_SEED = 200_000
CLIPS = 7000
NEAR_S = 0.03
HIDDEN = {"hits": 48, "sounds": 32}
EPOCHS = {"hits": 20, "sounds": 40}
Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Lessons:
    """Numbers [N,D] and answers [N] or [N,K] of moments (a hit or none) and of whole sounds."""

    moments: Rows
    hits: Rows
    sounds: Rows
    kinds: Rows
    moods: NDArray[np.int64]


def truth(scene: Scene) -> tuple[list[bool], int]:
    """Which of `listening.KINDS` the scene sounds of, and the number of its mood."""
    heard = {listening.KIND_OF[thing.motion] for thing in scene.objects}
    heard |= {"rain"} if scene.weather == "rain" else set()
    heard |= {"fire"} if scene.fire is not None else set()
    return [kind in heard for kind in listening.KINDS], MOODS.index(scene.music)


def lessons(clips: int) -> Lessons:
    """Sounds of that many scenes, described."""
    moments: list[Any] = []
    hits, sounds, kinds, moods = [], [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + clips):
        rng = stream(seed, 95)
        film = Film(int(rng.choice((32, 32, 32, 64))), 16)
        scene = replace(sample_scene(seed, film), music=str(rng.choice(("none", *MOODS))))
        sound = _varied(rng, synthesize(scene))
        times, numbers = ears.candidates(sound)
        true = np.array([hit.time_s for hit in impacts(scene)] or [np.inf])
        moments.append(numbers)
        hits += [float(np.abs(true - k * HOP / RATE).min() < NEAR_S) for k in times]
        sounds.append(ears.description(sound))
        heard, mood = truth(scene)
        kinds.append(heard)
        moods.append(mood)
    return Lessons(
        np.concatenate(moments).astype(np.float32),
        np.array(hits, np.float32)[:, None],
        np.array(sounds, np.float32),
        np.array(kinds, np.float32),
        np.array(moods),
    )


def _varied(rng: np.random.Generator, sound: Rows) -> Rows:
    """Seven in ten are louder or softer, and hiss."""
    if rng.random() > 0.7:
        return sound
    level = np.float32(np.exp(rng.uniform(np.log(0.35), np.log(1.2))))
    hiss = np.float32(10 ** rng.uniform(-5, -2.7))
    return sound * level + rng.standard_normal(sound.size, dtype=np.float32) * hiss


def fitted(name: str, rows: Rows, outputs: int, loss: Callable[[Tensor, Tensor], Tensor]) -> dict[str, str]:
    """A network of two layers, as `listening` reads it."""
    torch.manual_seed(0)
    mean, spread = rows.mean(0), rows.std(0) + 1e-3
    x = torch.from_numpy(((rows - mean) / spread).clip(-listening.FURTHEST, listening.FURTHEST))
    hidden = HIDDEN[name]
    network = nn.Sequential(
        nn.Dropout(0.1), nn.Linear(rows.shape[1], hidden), nn.SiLU(), nn.Linear(hidden, outputs)
    )
    steps = EPOCHS[name] * -(-len(x) // 64)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for _ in range(EPOCHS[name]):
        for chosen in torch.split(torch.randperm(len(x)), 64):
            optimizer.zero_grad()
            loss(network(x[chosen]), chosen).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    parts = [mean, spread, *(value.detach().numpy() for value in network.parameters())]
    return {key: packed(part) for key, part in zip(listening.PARTS, parts, strict=True)}


def packed(array: NDArray[Any]) -> str:
    """float16 in base64, its shape before a colon."""
    shape = "x".join(map(str, array.shape))
    return f"{shape}:{base64.b64encode(array.astype('<f2').tobytes()).decode()}"


def main(clips: int) -> None:
    """Teach and write."""
    told = lessons(clips)
    hits, kinds, moods = (
        torch.from_numpy(told.hits),
        torch.from_numpy(told.kinds),
        torch.from_numpy(told.moods),
    )
    count = len(listening.KINDS)

    def of_sounds(answer: Tensor, chosen: Tensor) -> Tensor:
        known = functional.binary_cross_entropy_with_logits(answer[:, :count], kinds[chosen])
        return count * known + 2 * functional.cross_entropy(answer[:, count:], moods[chosen])

    networks = {
        "hits": fitted(
            "hits",
            told.moments,
            1,
            lambda answer, chosen: functional.binary_cross_entropy_with_logits(answer, hits[chosen]),
        ),
        "sounds": fitted("sounds", told.sounds, count + len(MOODS), of_sounds),
    }
    listening.FILE.write_text(json.dumps(networks, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(2)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS)
