"""The loops of a film's layout and of ``services.sampling.loop.sample_video`` around Triton's networks."""

from collections.abc import Iterator
from typing import Any

from services.contract import tensors
from services.engines.serve import Inputs, Outputs, StreamModel, call
from services.sampling.layout import sample_layout
from services.sampling.layout_reading import read_layout
from services.sampling.loop import portrait, sample_video
from services.sampling.messages import events, number, read_course


class TritonPythonModel(StreamModel):
    """An order in, a message for every finished step."""

    def stream(self, inputs: Inputs) -> Iterator[Outputs]:
        """Steps of the loop."""
        channels = self.dims[tensors.LATENTS][0]
        course, task = read_course(inputs), number(inputs, tensors.TASK)
        shape = (channels, *inputs[tensors.SHAPE].tolist())
        source, layout = inputs.get(tensors.SOURCE), None
        if self.parameters.get("layouts") == "true":
            known = None if source is None else read_layout(said, source, shape[1])
            layout = sample_layout(layout_velocity, course, shape, task=task, known=known)
        steps = sample_video(
            velocity,
            course,
            shape,
            task=task,
            source=source,
            character=portrait(self.taken[tensors.CHARACTER], inputs.get(tensors.CHARACTER)),
            layout=layout,
        )
        return events(steps, inputs)


def said(inputs: Inputs) -> Any:
    """What the layout reader says of latents."""
    return call(tensors.LAYOUT_READER, inputs, (tensors.SAID,))[tensors.SAID]


def layout_velocity(inputs: Inputs) -> Any:
    """One evaluation of the layout transformer."""
    return call(tensors.LAYOUT_TRANSFORMER, inputs, (tensors.VELOCITY,))[tensors.VELOCITY]


def velocity(inputs: Inputs) -> Any:
    """One evaluation of the transformer."""
    return call(tensors.VIDEO_TRANSFORMER, inputs, (tensors.VELOCITY,))[tensors.VELOCITY]
