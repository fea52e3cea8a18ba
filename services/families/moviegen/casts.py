"""The networks of both casts in one table, and how to build and load them by name."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from services.contract import tensors
from services.families.moviegen.audio_codec import AudioCodecParams, AudioDecoder, AudioEncoder
from services.families.moviegen.audio_transformer import AudioTransformer, AudioTransformerParams
from services.families.moviegen.character_encoder import CharacterParams
from services.families.moviegen.envelope_codec import EnvelopeCodecParams, EnvelopeDecoder, EnvelopeEncoder
from services.families.moviegen.layout_field import LayoutFieldParams
from services.families.moviegen.layout_reader import LayoutReader, LayoutReaderParams
from services.families.moviegen.layout_transformer import LayoutTransformer, LayoutTransformerParams
from services.families.moviegen.refining import RefinerParams
from services.families.moviegen.tae import TAEDecoder, TAEEncoder, TAEParams
from services.families.moviegen.text_encoder import TextEncoder, TextEncoderParams
from services.families.moviegen.upsampler import PixelUpsampler, PixelUpsamplerParams
from services.families.moviegen.video_transformer import VideoTransformer, VideoTransformerParams
from services.families.moviegen.visual_encoder import (
    VisualEncoder,
    VisualEncoderParams,
    VisualTransformer,
    VisualTransformerParams,
)

Constructor = Callable[[], nn.Module]

# Four times the channels of the paper: with sixteen, a narrow autoencoder trained for minutes says no more
# than their principal components do, and these blur what moves until its shape cannot be told.
MINI_TAE = TAEParams(widths=(48, 64, 96, 128), patch=2, latent_channels=64)
MINI_CODEC = EnvelopeCodecParams()
MINI: Mapping[str, Constructor] = {
    tensors.TEXT_ENCODER: partial(TextEncoder, TextEncoderParams()),
    tensors.VISUAL_ENCODER: partial(VisualEncoder, VisualEncoderParams()),
    tensors.VIDEO_ENCODER: partial(TAEEncoder, MINI_TAE),
    tensors.VIDEO_DECODER: partial(TAEDecoder, MINI_TAE),
    tensors.LAYOUT_READER: partial(LayoutReader, LayoutReaderParams(MINI_TAE.latent_channels)),
    tensors.LAYOUT_TRANSFORMER: partial(LayoutTransformer, LayoutTransformerParams()),
    tensors.VIDEO_TRANSFORMER: partial(
        VideoTransformer,
        VideoTransformerParams(
            width=256,
            layers=8,
            heads=4,
            hidden=704,
            text_width=192,
            latent_channels=MINI_TAE.latent_channels,
            condition_channels=MINI_TAE.latent_channels + 1,
            predicts_data=True,
            copies=True,
            refiner=RefinerParams(),
            character=CharacterParams(),
            layout=LayoutFieldParams(),
        ),
    ),
    tensors.UPSAMPLER: partial(PixelUpsampler, PixelUpsamplerParams()),
    tensors.AUDIO_ENCODER: partial(EnvelopeEncoder, MINI_CODEC),
    tensors.AUDIO_DECODER: partial(EnvelopeDecoder, MINI_CODEC),
    tensors.AUDIO_TRANSFORMER: partial(
        AudioTransformer,
        AudioTransformerParams(
            width=256,
            layers=6,
            heads=4,
            hidden=1024,
            text_width=192,
            visual_width=192,
            latent_channels=32,
            glances=4,
        ),
    ),
}

# Widths and blocks of the TAE are not published: those of common image autoencoders.
LARGE_TAE = TAEParams(widths=(128, 256, 512, 512), encoder_blocks=2, decoder_blocks=3, heads=1, groups=32)
# Dimensions of a sibling model's codec, likely the same.
LARGE_CODEC = AudioCodecParams(encoder_width=64, decoder_width=1536, latent_channels=128)
LARGE: Mapping[str, Constructor] = {
    # UL2 encoder dimensions with learned positions: our choice, where the paper has three encoders.
    tensors.TEXT_ENCODER: partial(
        TextEncoder,
        TextEncoderParams(vocabulary=32128, max_tokens=512, width=4096, layers=32, heads=16, hidden=16384),
    ),
    tensors.VISUAL_ENCODER: partial(VisualTransformer, VisualTransformerParams()),
    tensors.VIDEO_ENCODER: partial(TAEEncoder, LARGE_TAE),
    tensors.VIDEO_DECODER: partial(TAEDecoder, LARGE_TAE),
    tensors.VIDEO_TRANSFORMER: partial(
        VideoTransformer,
        VideoTransformerParams(
            width=6144,
            layers=48,
            heads=48,
            hidden=16384,
            text_width=4096,
            max_frames=32,
            max_rows=64,
            max_columns=64,
            # Portraits of 224 pixels; eight layers of a ViT-H, where the paper's encoder is a whole one.
            character=CharacterParams(side=28, width=1280, layers=8, heads=16, hidden=5120),
        ),
    ),
    # 7B in the paper, dimensions ours. The low-resolution latents are the condition; windows of 14 frames.
    tensors.UPSAMPLER: partial(
        VideoTransformer,
        VideoTransformerParams(
            width=3584,
            layers=32,
            heads=28,
            hidden=10752,
            text_width=4096,
            condition_channels=16,
            max_frames=16,
            max_rows=128,
            max_columns=128,
        ),
    ),
    tensors.AUDIO_ENCODER: partial(AudioEncoder, LARGE_CODEC),
    tensors.AUDIO_DECODER: partial(AudioDecoder, LARGE_CODEC),
    tensors.AUDIO_TRANSFORMER: partial(
        AudioTransformer,
        AudioTransformerParams(
            width=4608,
            layers=36,
            heads=36,
            hidden=18432,
            text_width=4096,
            visual_width=1024,
            latent_channels=128,
        ),
    ),
}

CASTS: Mapping[str, Mapping[str, Constructor]] = {"moviegen-mini": MINI, "moviegen-30b": LARGE}


def build(cast: str, network: str, device: torch.device | str = "cpu") -> nn.Module:
    """The network of a cast, freshly initialized, on a device (`meta` for its shape alone).

    Raises KeyError for a cast or network that is not in the table.
    """
    with torch.device(device):
        return CASTS[cast][network]()


def load(cast: str, network: str, checkpoint: Path, device: torch.device | str = "cpu") -> nn.Module:
    """The network of a cast with the weights of a safetensors file, ready for inference.

    Raises RuntimeError if the file lacks a tensor, has one too many, or one of another shape.
    """
    module = build(cast, network, "meta")
    module.load_state_dict(load_file(checkpoint, device=str(device)), strict=True, assign=True)
    return module.eval()
