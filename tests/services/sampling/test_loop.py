from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from services.contract import tensors
from services.contract.cast import TASKS
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Floats
from services.sampling.loop import Course, Step, condition, is_due, portrait, sample_audio, sample_video
from services.sampling.noise import Stream, noise

VIDEO, AUDIO = (16, 2, 4, 6), (8, 50)
FEATURES = np.ones((32, 4), np.float32)
COURSE = Course(
    text=np.stack([np.full((3, 5), -1, np.float32), np.full((3, 5), 1, np.float32)]),
    text_mask=np.ones((2, 3), np.float32),
    seed=3,
    steps=8,
    guidance=1.0,
)


def to_target(inputs: Mapping[str, Array]) -> Floats:
    """The field of straight paths to latents that are everywhere the text's value: (target - x) / (1 - t)."""
    x, t = inputs[tensors.LATENTS], inputs[tensors.TIMESTEP]
    edges = (slice(None), *[None] * (x.ndim - 1))
    target = inputs[tensors.TEXT].mean(axis=(1, 2))
    return ((target[edges] - x) / (1 - t[edges])).astype(np.float32)


def video(course: Course = COURSE, **options: object) -> list[Step]:
    return list(sample_video(to_target, course, VIDEO, task=0, **options))  # type: ignore[arg-type]


def test_straight_paths_end_at_their_target() -> None:
    steps = video()
    assert [step.index for step in steps] == list(range(1, 9))
    assert steps[-1].latents == pytest.approx(np.ones(VIDEO), abs=1e-5)
    assert steps[0].latents == pytest.approx(noise(VIDEO, 3, Stream.PICTURE), abs=0.05)


def test_guidance_goes_beyond_the_text_away_from_the_other() -> None:
    assert video(replace(COURSE, guidance=2.0))[-1].latents == pytest.approx(np.full(VIDEO, 3), abs=1e-5)


def test_sound_takes_two_evaluations_a_step() -> None:
    times: list[float] = []

    def network(inputs: Mapping[str, Array]) -> Floats:
        times.extend(inputs[tensors.TIMESTEP][:1])
        assert inputs[tensors.VISUAL].shape == (2, 50, 4)
        assert not inputs[tensors.VISUAL][0].any()
        assert (inputs[tensors.VISUAL][1] == 1).all()
        assert inputs[tensors.CONTEXT].shape == (2, 9, 50)
        return to_target(inputs)

    course = replace(COURSE, steps=4)
    steps = list(sample_audio(network, course, AUDIO, features=FEATURES, frames_per_latent=0.64))
    assert times == [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]
    assert [step.index for step in steps] == [1, 2, 3, 4]
    assert steps[-1].latents.shape == AUDIO


def test_a_resumed_loop_gives_the_same_bytes() -> None:
    steps = video()
    resumed = video(replace(COURSE, start_step=3, latents=steps[2].latents))
    assert [step.index for step in resumed] == [4, 5, 6, 7, 8]
    assert resumed[-1].latents.tobytes() == steps[-1].latents.tobytes()


def test_a_finished_loop_has_nothing_to_do() -> None:
    assert video(replace(COURSE, start_step=8, latents=np.zeros(VIDEO, np.float32))) == []


def test_both_rows_see_source_and_task() -> None:
    source = np.full((16, 1, 4, 6), 2, np.float32)

    def network(inputs: Mapping[str, Array]) -> Floats:
        assert (inputs[tensors.CONDITION] == condition(VIDEO, source)).all()
        assert inputs[tensors.TASK].tolist() == [1, 1]
        return to_target(inputs)

    assert len(list(sample_video(network, COURSE, VIDEO, task=1, source=source))) == 8


def test_both_rows_see_the_character() -> None:
    figure = np.full((16, 2, 2), 3, np.float32)

    def network(inputs: Mapping[str, Array]) -> Floats:
        assert (inputs[tensors.CHARACTER] == figure).all()
        assert inputs[tensors.CHARACTER].shape == (2, 16, 2, 2)
        return to_target(inputs)

    assert len(list(sample_video(network, COURSE, VIDEO, task=4, character=figure))) == 8


def test_the_row_without_the_text_has_no_layout() -> None:
    layout = np.full((4, 2, 40), 5, np.float32)

    def network(inputs: Mapping[str, Array]) -> Floats:
        assert not inputs[tensors.LAYOUT][0].any()
        assert (inputs[tensors.LAYOUT][1] == layout).all()
        return to_target(inputs)

    assert len(list(sample_video(network, COURSE, VIDEO, task=0, layout=layout))) == 8


def test_a_network_that_sees_no_characters_is_given_none() -> None:
    def network(inputs: Mapping[str, Array]) -> Floats:
        assert tensors.CHARACTER not in inputs
        return to_target(inputs)

    assert len(list(sample_video(network, COURSE, VIDEO, task=0))) == 8


def test_a_portrait_is_of_its_shape_or_nothing() -> None:
    figure = np.ones((16, 2, 2), np.float32)
    assert portrait((16, 2, 2), figure) is figure
    assert portrait((16, 2, 2), None).shape == (16, 2, 2)
    assert not portrait((16, 2, 2), None).any()
    with pytest.raises(GenerationError, match="latents of the character"):
        portrait((16, 2, 2), figure[:, :1])


@pytest.mark.parametrize("task", range(len(TASKS)))
def test_a_continuation_keeps_what_it_is_given(task: int) -> None:
    source = noise((16, 1, 4, 6), 9, Stream.PICTURE)
    last = list(sample_video(to_target, COURSE, VIDEO, task=task, source=source))[-1].latents
    assert last[:, 1:] == pytest.approx(np.ones((16, 1, 4, 6)), abs=1e-5)
    kept = source if task == TASKS.index("continuation") else np.ones_like(source)
    assert last[:, :1] == pytest.approx(kept, abs=1e-5)


def test_condition_marks_what_is_given() -> None:
    given = condition(VIDEO, np.full((16, 1, 4, 6), 2, np.float32))
    assert given.shape == (17, 2, 4, 6)
    assert (given[:16, 0] == 2).all()
    assert (given[16, 0] == 1).all()
    assert not given[:, 1].any()
    assert not condition(VIDEO, None).any()


@pytest.mark.parametrize("shape", [(16, 1, 4, 5), (15, 1, 4, 6), (16, 3, 4, 6), (16, 0, 4, 6)])
def test_a_source_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(GenerationError, match="source latents"):
        condition(VIDEO, np.zeros(shape, np.float32))


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_a_velocity_that_is_not_finite_ends_the_loop(answer: float) -> None:
    def network(inputs: Mapping[str, Array]) -> Floats:
        velocity = to_target(inputs)
        velocity[1, 3, 1, 2, 2] = answer if inputs[tensors.TIMESTEP][0] > 0.01 else 0
        return velocity

    steps = sample_video(network, COURSE, VIDEO, task=0)
    assert [next(steps).index for _ in range(3)] == [1, 2, 3]
    with pytest.raises(GenerationError, match=r"t=0\.012 is not finite"):
        next(steps)


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_step": 3},
        {"latents": np.zeros(VIDEO, np.float32)},
        {"start_step": 9, "latents": np.zeros(VIDEO, np.float32)},
        {"text": np.zeros((1, 3, 5), np.float32)},
        {"text_mask": np.zeros((2, 4), np.float32)},
    ],
    ids=lambda wrong: "+".join(wrong),
)
def test_orders_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(GenerationError):
        replace(COURSE, **wrong)  # type: ignore[arg-type]


def test_latents_of_another_shape_are_refused() -> None:
    with pytest.raises(GenerationError, match="not"):
        video(replace(COURSE, start_step=1, latents=np.zeros((16, 1, 4, 6), np.float32)))


def test_snapshots_are_due_every_so_often_and_at_the_end() -> None:
    def due(every: int) -> list[int]:
        return [i for i in range(1, 9) if is_due(Step(i, np.zeros(1, np.float32)), 8, every)]

    assert due(3) == [3, 6, 8]
    assert due(0) == [8]
