import numpy as np

from training.world.boxes import boxes, lay
from training.world.view import Canvas


def reach(count: int, half: float) -> np.ndarray:
    return np.full((count, 4), half)


def test_boxes_reach_around_the_centre_and_miss_what_is_out_of_sight() -> None:
    column, row = np.array([10.25, 500.0, 0.0]), np.array([8.0, 8.0, 8.0])
    (box,) = boxes(Canvas(40, 40), column, row, reach(3, 4.0))
    assert box.frames.tolist() == [0, 2]
    at = np.abs(box.x[0]).argmin()
    assert abs(box.left[0] + at + 0.5 - 10.25) <= 0.5
    assert box.x[0].min() <= -1
    assert box.x[0].max() >= 1


def test_laying_covers_and_mixes_inside_the_picture_only() -> None:
    film = np.zeros((1, 8, 8, 3), np.uint8)
    (box,) = boxes(Canvas(8, 8), np.array([0.0]), np.array([4.0]), reach(1, 1.0))
    cover = np.full((1, box.y.shape[1], box.x.shape[1]), 0.5, np.float32)
    lay(film, box, np.array([200, 100, 50], np.float32), cover)
    assert film[0, 4, 0].tolist() == [100, 50, 25]
    assert film[0, :, 5:].max() == 0
