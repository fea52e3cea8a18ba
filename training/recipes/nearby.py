"""A start for the audio transformer: its first blocks look around, its last layer is solved for.

Whether a thing hits the ground is seen from frames before and after. With random queries and keys a
transformer takes long to find its neighbours; here the first two blocks begin with them.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from services.families.moviegen.audio_transformer import AudioTransformer
from services.families.moviegen.layers import Block

# Latents (of 40 ms) before and after that the heads of the first and of the second block look at.
REACH = ((-2.0, -0.7, 0.7, 2.0), (-5.0, -1.5, 1.5, 5.0))
LOUDER_POSITIONS = 3.0
SHARPNESS = 1.5
OPEN = 0.3
LOUDER_LATENTS = 4.0
RIDGE = 0.01
CHANCE = 0.02


def shifted(pairs: int, width: int, max_period: float, offset: float) -> Tensor:
    """Rows [2 pairs, width] that take sinusoids of a position to the fastest ones of position + offset."""
    half = width // 2
    speeds = torch.exp(-math.log(max_period) / half * torch.arange(pairs))
    cosine, sine = torch.cos(speeds * offset), torch.sin(speeds * offset)
    rows, place = torch.zeros(2 * pairs, width), torch.arange(pairs)
    rows[place, place], rows[place, half + place] = cosine, -sine
    rows[pairs + place, half + place], rows[pairs + place, place] = cosine, sine
    return rows


@torch.no_grad()
def look_around(network: AudioTransformer) -> None:
    """Let the heads of the first blocks attend to neighbours, and all blocks take part at once."""
    params = network.params
    network.positions.mul_(LOUDER_POSITIONS)
    network.latents.weight[:, : params.latent_channels].mul_(LOUDER_LATENTS)
    pairs = params.width // params.heads // 2
    blocks = [block for block in network.blocks if isinstance(block, Block)]
    for block, offsets in zip(blocks, REACH, strict=False):
        attention = block.attention
        for kind, layer in (("query", attention.query), ("key", attention.key)):
            shifts = [offsets[n % len(offsets)] if kind == "query" else 0.0 for n in range(params.heads)]
            rows = [shifted(pairs, params.width, float(params.max_latents), shift) for shift in shifts]
            layer.weight.copy_(torch.cat(rows) + CHANCE * torch.randn(layer.weight.shape))
        for norm in (attention.query_norm, attention.key_norm):
            norm.get_parameter("weight").fill_(SHARPNESS)
    for block in blocks:
        # Gates at zero would have the network learn for long from its outermost layers alone.
        block.bias[2].fill_(OPEN)
        block.bias[5].fill_(OPEN)


@torch.no_grad()
def solve_last_layer(network: AudioTransformer, examples: Iterable[Callable[[], Tensor]]) -> None:
    """Set the last layer to the least squares of what comes to it.

    Each example runs the network on a batch and gives what its velocity [B,C,T] lacks.
    """
    layer, features, said = network.velocity.project, list[Tensor](), list[Tensor]()

    def listen(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        features.append(inputs[0].float().flatten(0, 1))
        said.append(output.float().flatten(0, 1))

    hook = layer.register_forward_hook(listen)
    try:
        lacking = [example().float().transpose(1, 2).flatten(0, 1) for example in examples]
    finally:
        hook.remove()
    x, y = torch.cat(features), torch.cat(said) + torch.cat(lacking)
    ridge = RIDGE * len(x) * torch.eye(x.shape[1], device=x.device)
    layer.weight.copy_(torch.linalg.solve(x.T @ x + ridge, x.T @ y).T)
