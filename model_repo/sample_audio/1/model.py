"""The loop of ``services.sampling.loop.sample_audio`` around Triton's audio_transformer."""

from collections.abc import Iterator
from typing import Any

from services.contract import tensors
from services.engines.serve import Inputs, Outputs, StreamModel, call
from services.sampling.loop import sample_audio
from services.sampling.messages import events, number, read_course


class TritonPythonModel(StreamModel):
    """An order in, a message for every finished step."""

    def stream(self, inputs: Inputs) -> Iterator[Outputs]:
        """Steps of the loop."""
        channels = self.dims[tensors.LATENTS][0]
        steps = sample_audio(
            velocity,
            read_course(inputs),
            (channels, *inputs[tensors.SHAPE].tolist()),
            features=inputs[tensors.FEATURES],
            frames_per_latent=number(inputs, tensors.FRAMES_PER_LATENT),
        )
        return events(steps, inputs)


def velocity(inputs: Inputs) -> Any:
    """One evaluation of the transformer."""
    return call(tensors.AUDIO_TRANSFORMER, inputs, (tensors.VELOCITY,))[tensors.VELOCITY]
