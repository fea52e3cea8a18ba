from pathlib import Path

import pytest

from training.evaluation.whole import whole


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "film.mp4"
    with whole(path) as part:
        part.write_text("a film")
        assert not path.exists()
    assert path.read_text() == "a film"
    assert list(path.parent.iterdir()) == [path]


def test_half_a_file_is_none(tmp_path: Path) -> None:
    def stopped() -> None:
        with whole(tmp_path / "film.mp4") as part:
            part.write_text("half a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []
