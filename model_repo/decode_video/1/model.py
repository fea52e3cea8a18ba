"""One temporal tile of ``services.sampling.decode`` around Triton's video_decoder."""

from typing import Any

from services.contract import tensors
from services.engines.serve import AnswerModel, Inputs, Outputs, call
from services.sampling.decode import decode_tile
from services.sampling.messages import number


class TritonPythonModel(AnswerModel):
    """Latents, a tile's index and the tail of the tile before; finished frames and the new tail."""

    def answer(self, inputs: Inputs) -> Outputs:
        """Frames and tail, both bytes."""
        tile = number(inputs, tensors.TILE)
        frames, tail = decode_tile(video, inputs[tensors.LATENTS], tile, inputs.get(tensors.TAIL))
        return {tensors.FRAMES: frames, tensors.TAIL: tail}


def video(inputs: Inputs) -> Any:
    """One evaluation of the decoder."""
    return call(tensors.VIDEO_DECODER, inputs, (tensors.VIDEO,))[tensors.VIDEO]
