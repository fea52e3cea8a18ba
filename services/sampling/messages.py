"""Orders and events of the loops as named tensors."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from services.contract import tensors
from services.contract.errors import GenerationError
from services.sampling.arrays import Array
from services.sampling.loop import Course, Step, is_due


def number(inputs: Mapping[str, Array], name: str) -> Any:
    """The only element of a tensor. Raises GenerationError if it has not exactly one, or is not there."""
    array = inputs.get(name)
    if array is None or array.size != 1:
        raise GenerationError(f"{name} must be one number")
    return array.item()


def read_course(inputs: Mapping[str, Array]) -> Course:
    """What both loops need, from the tensors of an order. Raises GenerationError where they do not fit."""
    latents: Any = inputs.get(tensors.LATENTS)
    text: Any = inputs[tensors.TEXT]
    text_mask: Any = inputs[tensors.TEXT_MASK]
    return Course(
        text=text,
        text_mask=text_mask,
        seed=number(inputs, tensors.SEED),
        steps=number(inputs, tensors.STEPS),
        guidance=number(inputs, tensors.GUIDANCE),
        start_step=number(inputs, tensors.START_STEP),
        latents=latents,
    )


def events(steps: Iterable[Step], inputs: Mapping[str, Array]) -> Iterator[dict[str, Any]]:
    """Outputs of each finished step: its index, and latents where an order's snapshots are due."""
    total, every = number(inputs, tensors.STEPS), number(inputs, tensors.SNAPSHOT_EVERY)
    for step in steps:
        saved = {tensors.LATENTS: step.latents} if is_due(step, total, every) else {}
        yield {tensors.STEP: [step.index], **saved}
