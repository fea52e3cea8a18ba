"""The loop of ``services.sampling.loop.sample_video`` around Triton's video_transformer."""

from collections.abc import Iterator
from typing import Any

from services.contract import tensors
from services.engines.serve import Inputs, Outputs, StreamModel, call
from services.sampling.loop import portrait, sample_video
from services.sampling.messages import events, number, read_course


class TritonPythonModel(StreamModel):
    """An order in, a message for every finished step."""

    def stream(self, inputs: Inputs) -> Iterator[Outputs]:
        """Steps of the loop."""
        channels = self.dims[tensors.LATENTS][0]
        steps = sample_video(
            velocity,
            read_course(inputs),
            (channels, *inputs[tensors.SHAPE].tolist()),
            task=number(inputs, tensors.TASK),
            source=inputs.get(tensors.SOURCE),
            character=portrait(self.taken[tensors.CHARACTER], inputs.get(tensors.CHARACTER)),
        )
        return events(steps, inputs)


def velocity(inputs: Inputs) -> Any:
    """One evaluation of the transformer."""
    return call(tensors.VIDEO_TRANSFORMER, inputs, (tensors.VELOCITY,))[tensors.VELOCITY]
