import time
from pathlib import Path

import pytest

from training.recipes.order import Order


def order(work: Path, **more: object) -> Order:
    return Order("tae", work, time.time() + 60, **more)  # type: ignore[arg-type]


def test_a_network_is_final_once_it_is_marked(tmp_path: Path) -> None:
    one = order(tmp_path)
    assert not one.mark("video_encoder").exists()
    one.finish("video_encoder")
    one.wait_for("video_encoder")


def test_waiting_ends_with_the_orders_time(tmp_path: Path) -> None:
    late = Order("video", tmp_path, time.time() - 1)
    with pytest.raises(TimeoutError, match="video_encoder"):
        late.wait_for("video_encoder")


def test_what_counts_as_a_gpu(tmp_path: Path) -> None:
    assert order(tmp_path, device="cuda").on_gpu
    assert not order(tmp_path).on_gpu


def test_steps_or_a_record_take_the_place_of_the_clock(tmp_path: Path) -> None:
    assert order(tmp_path).by_clock
    assert not Order("tae", tmp_path, steps=3).by_clock
    assert not Order("tae", tmp_path, repeat=tmp_path).by_clock
