import torch

from training.recipes.replay import Replay


def rows(*values: int) -> dict[str, torch.Tensor]:
    return {"x": torch.tensor(values, dtype=torch.float32)[:, None]}


def test_what_was_added_is_drawn() -> None:
    replay = Replay(bytes_each=400, device="cpu")
    assert replay.count((1,)) == 0
    replay.add((1,), rows(7, 8))
    assert replay.count((1,)) == 2
    drawn = set(replay.draw((1,), 50)["x"].flatten().tolist())
    assert drawn == {7.0, 8.0}


def test_the_oldest_give_way_to_the_newest() -> None:
    replay = Replay(bytes_each=12, device="cpu")
    for start in (0, 2, 4):
        replay.add((1,), rows(start, start + 1))
    assert replay.count((1,)) == 3
    assert replay.total == 6
    assert set(replay.draw((1,), 60)["x"].flatten().tolist()) == {3.0, 4.0, 5.0}


def test_more_rows_at_once_than_bytes_allow_still_fit() -> None:
    replay = Replay(bytes_each=4, device="cpu")
    replay.add((1,), rows(1, 2, 3))
    assert replay.count((1,)) == 3


def test_fresh_clips_are_kept_for_whoever_takes_them() -> None:
    replay = Replay(bytes_each=400, device="cpu")
    replay.add((1,), rows(1))
    assert replay.fresh is None
    replay.fresh = []
    replay.add((1,), rows(2, 3))
    assert [(clips.bucket, clips.start, clips.end) for clips in replay.fresh] == [((1,), 1, 3)]
