"""The sampling loops: from noise to latents, one step at a time.

A loop is a generator: it runs its network through the function it is given and yields every finished step, so
that whoever drives it can report, save, stop. Shapes as in ``services.contract.tensors``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from services.contract import tensors
from services.contract.cast import TASKS
from services.contract.errors import GenerationError
from services.sampling.arrays import Array, Floats, Network
from services.sampling.guidance import guide
from services.sampling.noise import Stream, noise
from services.sampling.resample import resample
from services.sampling.schedule import linear, linear_quadratic
from services.sampling.solver import euler, midpoint

CONTINUATION = TASKS.index("continuation")
Field = Callable[[Floats, float], Floats]


@dataclass(frozen=True)
class Step:
    """``index`` steps of the whole loop are finished and left ``latents``, without a batch dimension."""

    index: int
    latents: Floats


@dataclass(frozen=True)
class Course:
    """What both loops need. ``latents`` are those after ``start_step`` steps; None begins with noise.

    text [2,L,D] and text_mask [2,L]: row 0 without or with the negative text, row 1 with it.
    """

    text: Floats
    text_mask: Floats
    seed: int
    steps: int
    guidance: float
    start_step: int = 0
    latents: Floats | None = None

    def __post_init__(self) -> None:
        if (self.start_step > 0) != (self.latents is not None):
            raise GenerationError("a loop goes on from latents and the steps behind them, or from neither")
        if not 0 <= self.start_step <= self.steps:
            raise GenerationError(f"step {self.start_step} is not one of {self.steps}")
        if self.text.shape[:2] != self.text_mask.shape or len(self.text) != 2:
            raise GenerationError(f"text {self.text.shape} and mask {self.text_mask.shape} are not two texts")

    def begin(self, shape: tuple[int, ...], stream: Stream) -> Floats:
        """Latents of ``shape`` to go on from. Raises GenerationError if those given have another."""
        if self.latents is None:
            return noise(shape, self.seed, stream)
        if self.latents.shape != shape:
            raise GenerationError(f"latents are {self.latents.shape}, not {shape}")
        return self.latents


def sample_video(
    network: Network,
    course: Course,
    shape: tuple[int, ...],
    *,
    task: int,
    source: Floats | None = None,
    character: Floats | None = None,
    layout: Floats | None = None,
) -> Iterator[Step]:
    """Latents of ``shape`` (C,T,h,w) by Euler steps on the linear-quadratic schedule (paper, section 3.4.2).

    ``source`` [C,n,h,w] are the first n latents of the film, given with the order: a continuation keeps them
    as they are. ``character`` is that of ``portrait``, or None for a network that sees none. ``layout`` is
    that of ``sample_layout``, or None likewise; the row of the guidance without the text has none. Raises
    GenerationError where the orders do not fit each other or the network's answer is not finite.
    """
    fixed = {
        **_texts(course),
        tensors.CONDITION: _twice(condition(shape, source)),
        tensors.TASK: np.full(2, task, dtype=np.int64),
        **({} if character is None else {tensors.CHARACTER: _twice(character)}),
        **({} if layout is None else {tensors.LAYOUT: np.stack([np.zeros_like(layout), layout])}),
    }
    field = _field(network, fixed, course.guidance)
    if source is not None and task == CONTINUATION:
        field = _keeping(field, source)
    x = course.begin(shape, Stream.PICTURE)
    times = linear_quadratic(course.steps)
    for index in range(course.start_step, course.steps):
        x = euler(field, x, times[index], times[index + 1])
        yield Step(index + 1, x)


def sample_audio(
    network: Network, course: Course, shape: tuple[int, ...], *, features: Floats, frames_per_latent: float
) -> Iterator[Step]:
    """Latents of ``shape`` (C,T) by midpoint steps on a linear schedule (paper, section 6).

    ``features`` [F,V] are those of the film's frames. The row of the guidance without the text does not see
    them either, so that it goes along both: hits come more surely when they are seen. No sound is given
    beforehand. Raises GenerationError as ``sample_video``.
    """
    channels, count = shape
    seen = resample(features, count, frames_per_latent)
    fixed = {
        **_texts(course),
        tensors.CONTEXT: np.zeros((2, channels + 1, count), dtype=np.float32),
        tensors.VISUAL: np.stack([np.zeros_like(seen), seen]),
    }
    field = _field(network, fixed, course.guidance)
    x = course.begin(shape, Stream.SOUND)
    times = linear(course.steps)
    for index in range(course.start_step, course.steps):
        x = midpoint(field, x, times[index], times[index + 1])
        yield Step(index + 1, x)


def condition(shape: tuple[int, ...], source: Floats | None) -> Floats:
    """Condition [17,T,h,w]: source latents, zero where there are none, and a channel of 1 where there are."""
    channels, *size = shape
    given = np.zeros((channels + 1, *size), dtype=np.float32)
    if source is not None:
        count = source.shape[1]
        if source.shape != (channels, count, *size[1:]) or not 1 <= count <= size[0]:
            raise GenerationError(f"source latents are {source.shape}, for a film of {shape}")
        given[:channels, :count] = source
        given[channels, :count] = 1
    return given


def portrait(shape: tuple[int, ...], given: Floats | None) -> Floats:
    """Latents of ``shape`` (16,S,S) of the portrait of a character, zero where none is given.

    Raises GenerationError where those given have another shape.
    """
    if given is None:
        return np.zeros(shape, dtype=np.float32)
    if given.shape != shape:
        raise GenerationError(f"latents of the character are {given.shape}, not {shape}")
    return given


def is_due(step: Step, total: int, every: int) -> bool:
    """Whether ``step`` is the last, or one of every ``every`` (0 for none) whose latents are worth saving."""
    return step.index == total or (every > 0 and step.index % every == 0)


def _texts(course: Course) -> dict[str, Array]:
    return {tensors.TEXT: course.text, tensors.TEXT_MASK: course.text_mask}


def _twice(array: Floats) -> Floats:
    return np.stack([array, array])


def _field(network: Network, fixed: Mapping[str, Array], scale: float) -> Field:
    def field(x: Floats, time: float) -> Floats:
        inputs = {tensors.LATENTS: _twice(x), tensors.TIMESTEP: np.full(2, time, dtype=np.float32), **fixed}
        velocity = guide(network(inputs), scale)
        if velocity.shape != x.shape or not np.isfinite(velocity).all():
            raise GenerationError(f"the velocity at t={time:.3f} is not finite, or not of the latents' shape")
        return velocity

    return field


def _keeping(field: Field, source: Floats) -> Field:
    """A field in which the first latents go straight to those of ``source`` [C,n,h,w]."""

    def keeping(x: Floats, time: float) -> Floats:
        count = source.shape[1]
        straight = (source - x[:, :count]) / np.float32(1 - time)
        return np.concatenate([straight, field(x, time)[:, count:]], axis=1)

    return keeping
