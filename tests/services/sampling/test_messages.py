import numpy as np
import pytest

from services.contract import tensors
from services.contract.errors import GenerationError
from services.sampling.loop import Step
from services.sampling.messages import events, number, read_course

ORDER = {
    tensors.TEXT: np.zeros((2, 3, 4), np.float32),
    tensors.TEXT_MASK: np.ones((2, 3), np.float32),
    tensors.SEED: np.array([2**53 - 1], np.int64),
    tensors.STEPS: np.array([5], np.int32),
    tensors.GUIDANCE: np.array([2.5], np.float32),
    tensors.START_STEP: np.array([2], np.int32),
    tensors.LATENTS: np.zeros((16, 1, 2, 2), np.float32),
    tensors.SNAPSHOT_EVERY: np.array([2], np.int32),
}


def test_an_order_becomes_a_course() -> None:
    course = read_course(ORDER)
    assert (course.seed, course.steps, course.guidance, course.start_step) == (2**53 - 1, 5, 2.5, 2)
    assert course.latents is ORDER[tensors.LATENTS]


@pytest.mark.parametrize("value", [None, np.array([1, 2]), np.array([])])
def test_a_number_is_one_number(value: np.ndarray | None) -> None:
    order = ORDER | {tensors.STEPS: value}
    with pytest.raises(GenerationError, match="steps must be one number"):
        number({name: array for name, array in order.items() if array is not None}, tensors.STEPS)


def test_latents_come_with_snapshots_and_the_last_step() -> None:
    steps = [Step(i, np.full(1, i, np.float32)) for i in (3, 4, 5)]
    sent = list(events(steps, ORDER))
    assert [message[tensors.STEP] for message in sent] == [[3], [4], [5]]
    assert [message.get(tensors.LATENTS) for message in sent] == [None, np.array([4]), np.array([5])]
