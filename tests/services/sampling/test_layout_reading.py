from collections.abc import Mapping

import numpy as np

from services.contract import layout as columns
from services.contract import tensors
from services.sampling.arrays import Array, Floats
from services.sampling.layout_reading import ABSENT, follow, read_layout, things


def row(x: float, colour: int = 0, radius: float = 0.1, sure: float = 1.0) -> Floats:
    """The row of a ball at x, in heights of the picture."""
    said = ABSENT.copy()
    said[columns.THERE], said[columns.X] = sure, columns.PLACE_SCALE * x
    said[columns.KIND.start] = said[columns.COLOUR.start + colour] = 1.0
    said[columns.RADIUS] = columns.RADIUS_SCALE * (radius - columns.RADIUS_MIDDLE)
    return said


def cells(*rows: Floats, each: int = 4) -> Floats:
    """So many cells that say each of the rows, among others that show nothing."""
    return np.stack([ABSENT] * 5 + [part for part in rows for _ in range(each)])


def places(found: list[Floats]) -> list[float]:
    return [round(float(part[columns.X.start]) / columns.PLACE_SCALE, 2) for part in found]


def test_cells_that_speak_of_one_place_are_one_thing() -> None:
    said = cells(row(-0.5), row(-0.48), row(0.3, colour=2, sure=0.9))
    found = things(said)
    assert places(found) == [-0.49, 0.3]
    assert found[1][columns.COLOUR].argmax() == 2


def test_things_that_are_there_at_most() -> None:
    assert things(cells()) == []
    assert places(things(cells(row(0.0), each=1))) == []
    many = cells(*(row(x, sure=1 - abs(x) / 2) for x in (-0.8, -0.4, 0.0, 0.4)))
    assert len(things(many)) == columns.THINGS


def test_a_thing_is_followed_by_place_and_looks() -> None:
    first, second = row(-0.2), row(0.2, colour=3)
    followed = follow(
        [[first, second], [row(0.12, colour=3), row(-0.12)], [], [row(0.06), row(0.04, colour=3)]]
    )
    assert len(followed) == 2
    assert [sorted(rows) for rows in followed] == [[0, 1, 3], [0, 1, 3]]
    assert all(rows[columns.COLOUR.start] > 0 for rows in followed[0].values())
    assert all(rows[columns.COLOUR.start + 3] > 0 for rows in followed[1].values())


def test_a_thing_that_comes_later_is_another() -> None:
    followed = follow([[row(-0.7)], [row(-0.7), row(0.7, colour=5)]])
    assert [sorted(rows) for rows in followed] == [[0, 1], [1]]


def test_what_is_known_of_the_first_latent_frames() -> None:
    ground = row(0.4)

    def network(inputs: Mapping[str, Array]) -> Floats:
        assert inputs[tensors.LATENTS].shape == (1, 8, 2, 3, 5)
        one, two = cells(row(-0.5), row(0.5, colour=4)), cells(row(-0.4))
        two = np.concatenate([two, np.tile(ABSENT, (len(one) - len(two), 1))])
        return np.stack([np.concatenate([part, ground[None]]) for part in (one, two)])[None]

    known = read_layout(network, np.zeros((8, 2, 3, 5), np.float32), 4)
    assert known.shape == (columns.SLOTS, 4, columns.COLUMNS + 1)
    assert known.dtype == np.float32
    assert known[:, :, -1].tolist() == [[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert not known[:, 2:].any()
    assert (known[2, 0, :-1] == ABSENT).all()
    assert (known[columns.GROUND, 1, :-1] == ground).all()


def test_what_a_thing_looks_like_is_a_mean_over_its_frames() -> None:
    unsure = row(0.0)
    unsure[columns.KIND] = -0.2
    unsure[columns.KIND.start + 3] = 0.1
    said = np.stack([np.concatenate([cells(part), row(0.0)[None]]) for part in (row(0.0), unsure)])

    known = read_layout(lambda _: said[None], np.zeros((8, 2, 3, 5), np.float32), 2)
    assert (known[0, :, columns.KIND].argmax(-1) == 0).all()
    assert (known[0, 0, columns.KIND] == known[0, 1, columns.KIND]).all()
