"""Signature of each network's graph: names, types and dimensions of its tensors, in one table.

A dimension is a number or the name of what may vary: B batch, L text tokens, F frames, T latent frames,
h w latent height and width, H W height and width in pixels, S samples, N frames of no order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.contract import tensors
from services.contract.layout import COLUMNS, SLOTS

Dims = tuple[int | str, ...]


@dataclass(frozen=True)
class Input:
    """An input; ``example`` fills the tensor that an int64 input is traced with."""

    name: str
    dims: Dims
    example: int | None = None


@dataclass(frozen=True)
class Output:
    """An output. Its fixed dimensions follow from the network and are None here."""

    name: str
    dims: tuple[str | None, ...]


@dataclass(frozen=True)
class Signature:
    """Inputs in the order of the network's ``forward``, outputs, and a size to trace with for each letter."""

    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    sizes: Mapping[str, int]


_LATENTS = ("B", None, "T", "h", "w")
_VIDEO = ("B", None, "F", "H", "W")


def _text_encoder(_: Any) -> Signature:
    return Signature(
        (Input(tensors.TOKENS, ("B", "L"), example=4),),
        (Output(tensors.STATES, ("B", "L", None)),),
        {"B": 2, "L": 24},
    )


def _visual_encoder(params: Any) -> Signature:
    return Signature(
        (Input(tensors.FRAMES, ("N", 3, params.side, params.side)),),
        (Output(tensors.FEATURES, ("N", None)),),
        {"N": 2},
    )


def _video_encoder(_: Any) -> Signature:
    return Signature(
        (Input(tensors.VIDEO, ("B", 3, "F", "H", "W")),),
        (Output(tensors.LATENTS, _LATENTS),),
        {"B": 2, "F": 20, "H": 32, "W": 48},
    )


def _video_decoder(params: Any) -> Signature:
    return Signature(
        (Input(tensors.LATENTS, ("B", params.latent_channels, "T", "h", "w")),),
        (Output(tensors.VIDEO, _VIDEO),),
        {"B": 2, "T": 3, "h": 4, "w": 6},
    )


_LAYOUT = Input(tensors.LAYOUT, ("B", SLOTS, "T", COLUMNS))


def _layout_reader(params: Any) -> Signature:
    return Signature(
        (Input(tensors.LATENTS, ("B", params.latent_channels, "T", "h", "w")),),
        (Output(tensors.SAID, ("B", "T", "h*w+1", None)),),
        {"B": 2, "T": 3, "h": 8, "w": 6},
    )


def _layout_transformer(params: Any) -> Signature:
    return Signature(
        (
            _LAYOUT,
            Input(tensors.KNOWN, ("B", SLOTS, "T", COLUMNS + 1)),
            Input(tensors.ASPECT, ("B",)),
            Input(tensors.TIMESTEP, ("B",)),
            Input(tensors.TASK, ("B",), example=1),
            Input(tensors.TEXT, ("B", "L", params.text_width)),
            Input(tensors.TEXT_MASK, ("B", "L")),
        ),
        (Output(tensors.VELOCITY, ("B", None, "T", None)),),
        {"B": 2, "L": 24, "T": 3},
    )


def _video_transformer(params: Any) -> Signature:
    grid = ("T", "h", "w")
    more: tuple[Input, ...] = ()
    if params.character is not None:
        side = params.character.side
        more = (Input(tensors.CHARACTER, ("B", params.latent_channels, side, side)),)
    if params.layout is not None:
        more += (_LAYOUT,)
    return Signature(
        (
            Input(tensors.LATENTS, ("B", params.latent_channels, *grid)),
            Input(tensors.CONDITION, ("B", params.condition_channels, *grid)),
            Input(tensors.TIMESTEP, ("B",)),
            Input(tensors.TASK, ("B",), example=1),
            Input(tensors.TEXT, ("B", "L", params.text_width)),
            Input(tensors.TEXT_MASK, ("B", "L")),
            *more,
        ),
        (Output(tensors.VELOCITY, _LATENTS),),
        {"B": 2, "L": 24, "T": 3, "h": 8, "w": 6},
    )


def _upsampler(_: Any) -> Signature:
    return Signature(
        (Input(tensors.FRAMES, ("N", 3, "h", "w")), Input(tensors.SIZE, (2,), example=64)),
        (Output(tensors.LUMA, ("N", None, "H", "W")), Output(tensors.CHROMA, ("N", None, "H/2", "W/2"))),
        {"N": 2, "h": 18, "w": 32},
    )


def _audio_encoder(_: Any) -> Signature:
    return Signature(
        (Input(tensors.WAVEFORM, ("B", 1, "S")),),
        (Output(tensors.LATENTS, ("B", None, "T")),),
        {"B": 2, "S": 4 * 1920},
    )


def _audio_decoder(params: Any) -> Signature:
    return Signature(
        (Input(tensors.LATENTS, ("B", params.latent_channels, "T")),),
        (Output(tensors.WAVEFORM, ("B", None, "S")),),
        {"B": 2, "T": 5},
    )


def _audio_transformer(params: Any) -> Signature:
    return Signature(
        (
            Input(tensors.LATENTS, ("B", params.latent_channels, "T")),
            Input(tensors.CONTEXT, ("B", params.latent_channels + 1, "T")),
            Input(tensors.VISUAL, ("B", "T", params.visual_width)),
            Input(tensors.TIMESTEP, ("B",)),
            Input(tensors.TEXT, ("B", "L", params.text_width)),
            Input(tensors.TEXT_MASK, ("B", "L")),
        ),
        (Output(tensors.VELOCITY, ("B", None, "T")),),
        {"B": 2, "L": 24, "T": 7},
    )


SIGNATURES: Mapping[str, Callable[[Any], Signature]] = {
    tensors.TEXT_ENCODER: _text_encoder,
    tensors.VISUAL_ENCODER: _visual_encoder,
    tensors.VIDEO_ENCODER: _video_encoder,
    tensors.VIDEO_DECODER: _video_decoder,
    tensors.LAYOUT_READER: _layout_reader,
    tensors.LAYOUT_TRANSFORMER: _layout_transformer,
    tensors.VIDEO_TRANSFORMER: _video_transformer,
    tensors.UPSAMPLER: _upsampler,
    tensors.AUDIO_ENCODER: _audio_encoder,
    tensors.AUDIO_DECODER: _audio_decoder,
    tensors.AUDIO_TRANSFORMER: _audio_transformer,
}
