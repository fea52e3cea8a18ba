"""Teaches the ears: `python -m training.measures.fit [CLIPS]` writes `ears.json`.

13,000 sounds take ten minutes of a core to describe and six to learn.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.measures import listening
from training.measures.lessons import Lesson, lessons
from training.measures.pupils import Hits, Sounds

CLIPS = 13_000
BATCH = 64
EPOCHS = {"hits": 20, "sounds": 18}


def taught_hits(told: list[Lesson]) -> Hits:
    """A network that tells hits from other moments."""
    rows = np.concatenate([lesson.moments for lesson in told])
    known = torch.from_numpy(np.concatenate([lesson.hits for lesson in told]).astype(np.float32))[:, None]
    torch.manual_seed(0)
    network, x = Hits(rows), torch.from_numpy(rows)
    steps = EPOCHS["hits"] * -(-len(x) // BATCH)
    step = _stepper(network, steps)
    for _ in range(EPOCHS["hits"]):
        for chosen in torch.split(torch.randperm(len(x)), BATCH):
            step(functional.binary_cross_entropy_with_logits(network(x[chosen]), known[chosen]))
    return network


def taught_sounds(told: list[Lesson]) -> Sounds:
    """A network that tells kinds of sound and moods."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = Sounds(told)
    step = _stepper(network, EPOCHS["sounds"] * sum(1 for _ in _batches(told, rng)))
    for _ in range(EPOCHS["sounds"]):
        for some in _batches(told, rng):
            described = torch.from_numpy(np.stack([one.description for one in some]))
            answer = network(described, *_cut(some, rng))
            kinds = torch.tensor([one.kinds for one in some], dtype=torch.float32)
            moods = torch.tensor([one.mood for one in some])
            count = kinds.shape[1]
            known = functional.binary_cross_entropy_with_logits(answer[:, :count], kinds)
            step(count * known + 2 * functional.cross_entropy(answer[:, count:], moods))
    return network


def _cut(some: list[Lesson], rng: np.random.Generator) -> list[Tensor]:
    """Courses and tunes [N,T,C] of lessons of one length, cut to some part of it, half at least."""
    part = float(rng.uniform(0.5, 1.0))
    first = float(rng.uniform(0.0, 1.0 - part))
    found = []
    for rows in (np.stack([one.course for one in some]), np.stack([one.tune for one in some])):
        length = rows.shape[1]
        start, stop = round(first * length), round((first + part) * length)
        found.append(torch.from_numpy(rows[:, start:stop].astype(np.float32)))
    return found


def _batches(told: list[Lesson], rng: np.random.Generator) -> Iterator[list[Lesson]]:
    """All lessons in any order, a batch's of the same length."""
    lengths = np.array([len(lesson.course) for lesson in told])
    batches = []
    for length in np.unique(lengths):
        order = rng.permutation(np.flatnonzero(lengths == length))
        batches += [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    for number in rng.permutation(len(batches)):
        yield [told[n] for n in batches[number]]


def _stepper(network: nn.Module, steps: int) -> Any:
    """A function that takes a step against a loss."""
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)

    def step(loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()

    return step


def main(clips: int) -> None:
    """Teach and write."""
    told = lessons(clips)
    sounds = taught_sounds(told)
    networks = {
        "hits": taught_hits(told).parts(),
        "sounds": sounds.parts(),
        "course": sounds.course.parts(),
        "tune": sounds.tune.parts(),
    }
    listening.FILE.write_text(json.dumps(networks, indent=1) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(2)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CLIPS)
