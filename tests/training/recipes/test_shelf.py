from pathlib import Path

import pytest
import torch

from training.recipes.replay import Replay
from training.recipes.shelf import Shelf

A, B = (1, 2), (3,)


def store() -> Replay:
    """Room for five clips of a bucket."""
    return Replay(bytes_each=40, device="cpu")


def add(replay: Replay, bucket: tuple[int, ...], *values: int) -> None:
    numbers = torch.tensor(values)
    replay.add(bucket, {"x": numbers.float()[:, None], "y": numbers.int()})


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_a_store_is_read_as_it_was_at_the_last_checkpoint(tmp_path: Path, rounds: int) -> None:
    replay = store()
    shelf = Shelf(tmp_path / "clips", replay)
    for n in range(rounds):
        add(replay, B, 100 + n)
        add(replay, A, *range(2 * n, 2 * n + 2))
        facts = shelf.write()
        shelf.tidy()
    expected = {bucket: {n: t.clone() for n, t in kept.items()} for bucket, kept in replay.rows.items()}
    # What came later is forgotten, whether it got to a file or not.
    add(replay, A, 77, 78)
    shelf.write()
    add(replay, A, 79)
    again = store()
    Shelf(tmp_path / "clips", again).read(facts)
    assert list(again.seen.items()) == [(B, rounds), (A, 2 * rounds)]
    for bucket, kept in expected.items():
        assert again.capacity(bucket) == 5
        count = again.count(bucket)
        for name, tensor in kept.items():
            assert torch.equal(again.rows[bucket][name][:count], tensor[:count])


def test_files_of_clips_that_gave_way_are_removed_when_no_checkpoint_needs_them(tmp_path: Path) -> None:
    replay = store()
    shelf = Shelf(tmp_path / "clips", replay)
    for n in range(6):
        add(replay, A, 2 * n, 2 * n + 1)
        facts = shelf.write()
        if n == 4:
            # The checkpoint before this one would still be read.
            assert (tmp_path / "clips" / "000001").exists()
        shelf.tidy()
    assert facts["files"] == [3, 4, 5]
    assert sorted(path.name for path in (tmp_path / "clips").iterdir()) == ["000003", "000004", "000005"]
    shelf.remove()
    assert not (tmp_path / "clips").exists()


def test_a_store_goes_on_after_it_was_read(tmp_path: Path) -> None:
    replay = store()
    shelf = Shelf(tmp_path / "clips", replay)
    add(replay, A, 1, 2, 3)
    facts = shelf.write()
    again = store()
    later = Shelf(tmp_path / "clips", again)
    later.read(facts)
    add(again, A, 4)
    assert later.write() == {"files": [0, 1], "written": 2, "seen": [(A, 4, 5)]}
