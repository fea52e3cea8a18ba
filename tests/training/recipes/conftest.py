import time
from pathlib import Path

import pytest
import torch

from services.families.moviegen import casts
from training.recipes.files import write_weights
from training.recipes.order import Order

NETWORKS = (
    "video_encoder",
    "video_decoder",
    "audio_encoder",
    "audio_decoder",
    "text_encoder",
    "visual_encoder",
)


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """An order of tiny batches, for whatever recipe."""
    torch.manual_seed(0)
    # Threads that spin while waiting cost more than they give on networks this small.
    torch.set_num_threads(1)
    return Order("test", tmp_path, time.time() + 600, smoke=True)


@pytest.fixture
def written(order: Order) -> Order:
    """The order, with fresh networks as if other recipes had ended."""
    for name in NETWORKS:
        write_weights(order.checkpoint(name), casts.build("moviegen-mini", name).state_dict())
        order.finish(name)
    return order
