import random

import torch

from training.recipes.order import Order
from training.recipes.seen import SIDE, autoencoder, roughened, seen, squash


def test_roughened_frames_differ_and_stay_near() -> None:
    torch.manual_seed(0)
    frames = torch.rand(2, 3, 3, 16, 16) * 2 - 1
    rough = roughened(frames)
    assert rough.shape == frames.shape
    assert not torch.equal(rough, frames)
    assert float((rough.mean() - frames.mean()).abs()) < 0.15


def test_squashed_frames_keep_their_order_and_colours() -> None:
    video = torch.zeros(1, 3, 4, 24, 32)
    video[:, 1, 2] = 1.0
    frames = squash(video)
    assert frames.shape == (1, 4, 3, SIDE, SIDE)
    torch.testing.assert_close(frames[0, 2, 1], torch.ones(SIDE, SIDE))
    assert float(frames.sum()) == SIDE * SIDE


def test_without_an_autoencoder_films_are_only_roughened(order: Order) -> None:
    assert autoencoder(order) is None
    frames = seen(torch.full((1, 5, 24, 32, 3), 128, dtype=torch.uint8), None, random.Random(0))
    assert frames.shape == (1, 5, 3, SIDE, SIDE)


def test_films_go_through_the_autoencoder_whatever_their_length(written: Order) -> None:
    codec = autoencoder(written)
    assert codec is not None
    video = torch.rand(1, 3, 11, 24, 32)
    assert codec.through(video, 0.1).shape == video.shape
    assert not torch.equal(codec.through(video, 0.1), codec.through(video, 0.1))
