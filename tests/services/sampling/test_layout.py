from collections.abc import Mapping

import numpy as np
import pytest

from services.contract import layout as columns
from services.contract import tensors
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Floats
from services.sampling.layout import GUIDANCE, STEPS, WITHOUT, sample_layout, settle, staying
from services.sampling.loop import Course

TEXT, IMAGE, CONTINUATION = 0, 1, 2
SHAPE = (16, 3, 18, 32)
COURSE = Course(
    text=np.stack([np.zeros((3, 5), np.float32), np.ones((3, 5), np.float32)]),
    text_mask=np.ones((2, 3), np.float32),
    seed=3,
    steps=8,
    guidance=1.0,
)


def to_one_thing(inputs: Mapping[str, Array]) -> Floats:
    """Straight paths to a layout with a thing of kind 2 and colour 5 in slot 1, and the ground."""
    x, t = inputs[tensors.LAYOUT], inputs[tensors.TIMESTEP][:, None, None, None]
    target = np.full_like(x, -1.0)
    target[..., columns.X.start :] = 0.0
    target[:, 1, :, columns.X] = 0.5
    target[:, 1, :, columns.COSINE] = 1.0
    for slot, kind in ((1, 2), (columns.GROUND, 9)):
        target[:, slot, :, columns.THERE] = 1.0
        target[:, slot, :, columns.KIND.start + kind] = 1.0
    target[:, 1, :, columns.COLOUR.start + 5] = 1.0
    return ((target - x) / (1 - t)).astype(np.float32)


def test_a_layout_is_drawn_from_text_and_seed() -> None:
    calls: list[float] = []

    def network(inputs: Mapping[str, Array]) -> Floats:
        calls.append(float(inputs[tensors.TIMESTEP][0]))
        assert inputs[tensors.ASPECT] == pytest.approx([16 / 9, 16 / 9])
        assert (inputs[tensors.TEXT] == COURSE.text).all()
        return to_one_thing(inputs)

    layout = sample_layout(network, COURSE, SHAPE, task=TEXT)
    assert layout.shape == (columns.SLOTS, 3, columns.COLUMNS)
    assert calls == [step / STEPS for step in range(STEPS)]
    assert (layout[1, :, columns.THERE] == 1).all()
    assert (layout[:, :, columns.KIND].argmax(-1)[1] == 2).all()
    assert layout[1, :, columns.X] == pytest.approx(0.5, abs=1e-4)
    assert not layout[0, :, columns.X.start :].any()


def test_the_text_is_gone_beyond() -> None:
    def network(inputs: Mapping[str, Array]) -> Floats:
        towards = inputs[tensors.TEXT].mean(axis=(1, 2))[:, None, None, None]
        return (towards - np.zeros_like(inputs[tensors.LAYOUT])).astype(np.float32)

    start = sample_layout(lambda inputs: np.zeros_like(inputs[tensors.LAYOUT]), COURSE, SHAPE, task=TEXT)
    moved = sample_layout(network, COURSE, SHAPE, task=TEXT)
    both = (start[0, 0, 0] > 0) & (moved[0, 0, 0] > 0)
    assert both or (moved[..., columns.THERE] >= start[..., columns.THERE]).all()
    there = (start[:, 0, 0] > 0) & (moved[:, 0, 0] > 0)
    assert (moved - start)[there][..., columns.X] == pytest.approx(GUIDANCE, abs=1e-4)


@pytest.mark.parametrize("task", WITHOUT)
def test_some_tasks_have_no_layout_and_ask_for_none(task: int) -> None:
    def network(_: Mapping[str, Array]) -> Floats:
        raise AssertionError("asked")

    layout = sample_layout(network, COURSE, SHAPE, task=task)
    assert layout.shape == (columns.SLOTS, 3, columns.COLUMNS)
    assert not layout.any()


def test_the_network_sees_the_task_and_what_is_known_in_both_rows() -> None:
    given = np.random.default_rng(0).standard_normal((columns.SLOTS, 3, columns.COLUMNS + 1), np.float32)

    def network(inputs: Mapping[str, Array]) -> Floats:
        assert inputs[tensors.TASK].tolist() == [IMAGE, IMAGE]
        assert (inputs[tensors.KNOWN] == given).all()
        assert len(inputs[tensors.KNOWN]) == 2
        return to_one_thing(inputs)

    assert sample_layout(network, COURSE, SHAPE, task=IMAGE, known=given)[1].any()


def read(frames: int) -> Floats:
    """A thing at the left is known of so many latent frames."""
    known = np.zeros((columns.SLOTS, 3, columns.COLUMNS + 1), np.float32)
    known[1, :frames, -1] = known[1, :frames, columns.THERE.start] = 1.0
    known[1, :frames, columns.X], known[1, :frames, columns.COSINE] = -1.0, 0.3
    return known


def test_a_film_goes_on_from_where_things_are() -> None:
    seen: list[Floats] = []

    def network(inputs: Mapping[str, Array]) -> Floats:
        seen.append(inputs[tensors.LAYOUT][1, 1, 0])
        return to_one_thing(inputs)

    layout = sample_layout(network, COURSE, SHAPE, task=CONTINUATION, known=read(2))
    assert layout[1, :2, columns.X] == pytest.approx(-1.0)
    assert layout[1, 2, columns.X] == pytest.approx(0.5, abs=1e-4)
    # On the way it is as noisy as all else; turns are not held.
    assert seen[-1][columns.X] == pytest.approx(-1.0, abs=0.15)
    assert np.ptp(seen[STEPS // 2][columns.X] - seen[0][columns.X] / 2) < 1e-4
    assert layout[1, 0, columns.COSINE] == pytest.approx(1.0, abs=1e-4)


def test_of_a_picture_its_moment_stays() -> None:
    stays = staying(read(1), IMAGE)
    assert stays[1, 0, columns.X].tolist() == [True, False, False, False]
    assert stays[1, 0, columns.KIND].all()
    assert not stays[:, 1:].any()
    assert not stays[0].any()
    assert not staying(read(2), TEXT).any()


def test_nothing_is_known_of_a_film_from_text_alone() -> None:
    def network(inputs: Mapping[str, Array]) -> Floats:
        assert inputs[tensors.KNOWN].shape == (2, columns.SLOTS, 3, columns.COLUMNS + 1)
        assert not inputs[tensors.KNOWN].any()
        return to_one_thing(inputs)

    assert sample_layout(network, COURSE, SHAPE, task=TEXT).any()


def test_a_layout_that_is_not_finite_is_refused() -> None:
    with pytest.raises(GenerationError, match="not finite"):
        sample_layout(lambda inputs: inputs[tensors.LAYOUT] * np.float32(np.nan), COURSE, SHAPE, task=TEXT)


def test_a_settled_thing_is_of_one_kind_and_colour_in_all_frames() -> None:
    drawn = np.random.default_rng(0).standard_normal((columns.SLOTS, 5, columns.COLUMNS), np.float32)
    drawn[0, :, columns.THERE], drawn[2, :, columns.THERE] = 0.4, -0.4
    drawn[0, :, columns.KIND.start + 3] += 3.0
    drawn[0, :, columns.COLOUR] = -0.5
    layout = settle(drawn)
    assert (layout[0, :, columns.THERE] == 1).all()
    assert (layout[2, :, columns.THERE] == -1).all()
    assert (layout[0, :, columns.KIND] == np.where(np.arange(columns.KINDS) == 3, 1, -1)).all()
    assert (layout[0, :, columns.COLOUR] == -1).all()
    assert (layout[2, :, columns.KIND] == -1).all()
    assert not layout[2, :, columns.X.start :].any()
    assert (layout[0, :, columns.X] == drawn[0, :, columns.X]).all()
