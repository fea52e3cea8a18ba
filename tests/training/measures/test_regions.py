import numpy as np

from training.measures.regions import dilate, erode, regions


def test_regions_touch_by_their_corners_too_and_end_with_their_frame() -> None:
    masks = np.zeros((2, 5, 6), bool)
    masks[0, 0, 0] = masks[0, 1, 1] = True
    masks[0, 4, 4:] = masks[1, 0, 4:] = True
    found = regions(masks)
    assert found.area.tolist()[1:] == [2, 2, 2]
    assert found.frame.tolist()[1:] == [0, 0, 1]
    assert (found.x[1], found.y[1]) == (0.5, 0.5)
    assert (found.left[2], found.top[2], found.right[2], found.bottom[2]) == (4, 4, 5, 4)
    assert found.labels[0, 1, 1] == 1


def test_arms_that_meet_later_are_one_region() -> None:
    masks = np.array([[[1, 0, 1, 0, 1], [1, 0, 1, 0, 1], [1, 1, 1, 1, 1]]], bool)
    assert regions(masks).area.tolist() == [0, 11]


def test_nothing_has_no_regions() -> None:
    assert regions(np.zeros((1, 4, 4), bool)).area.tolist() == [0]


def test_dilate_and_erode_go_by_four_neighbours() -> None:
    one = np.zeros((1, 5, 5), bool)
    one[0, 2, 2] = True
    assert dilate(one).sum() == 5
    assert erode(dilate(one)).tolist() == one.tolist()
    assert erode(np.ones((1, 3, 3), bool)).all()
