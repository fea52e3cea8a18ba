"""``services.sampling.decode.upsample`` around Triton's upsampler."""

from typing import Any

from services.contract import tensors
from services.engines.serve import AnswerModel, Inputs, Outputs, call
from services.sampling.decode import upsample


class TritonPythonModel(AnswerModel):
    """Frames of the base size in, planar 4:2:0 of the wanted size out."""

    def answer(self, inputs: Inputs) -> Outputs:
        """The frames as bytes."""
        height, width = inputs[tensors.SIZE].tolist()
        return {tensors.YUV: upsample(planes, inputs[tensors.FRAMES], height, width)}


def planes(inputs: Inputs) -> tuple[Any, Any]:
    """One evaluation of the upsampler."""
    outputs = call(tensors.UPSAMPLER, inputs, (tensors.LUMA, tensors.CHROMA))
    return outputs[tensors.LUMA], outputs[tensors.CHROMA]
