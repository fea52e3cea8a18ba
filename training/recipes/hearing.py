"""Sounds made for films held out while the audio transformer learns, for people to hear and to see."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from services.families.moviegen.audio_transformer import AudioTransformer
from training.recipes import flow

GUIDANCE = 1.5


@dataclass(frozen=True)
class Booth:
    """The networks that make sound, and in how many steps."""

    transformer: AudioTransformer
    decoder: Callable[[Tensor], Tensor]
    text_encoder: Callable[[Tensor], Tensor]
    steps: int

    @torch.no_grad()
    def sound(self, visual: Tensor, tokens: Tensor) -> Tensor:
        """The sound [S] for features [1,T,D] and tokens [2,L]: nothing, and the text. From the same noise.

        The branch without the text does not see the picture either.
        """
        device, channels = visual.device, self.transformer.params.latent_channels
        states, mask = self.text_encoder(tokens), (tokens != 0).float()
        generator = torch.Generator(device).manual_seed(1)
        noise = torch.randn((1, channels, visual.shape[1]), generator=generator, device=device)
        nothing = torch.zeros(2, channels + 1, visual.shape[1], device=device)
        seen = torch.cat([torch.zeros_like(visual), visual])

        def field(x: Tensor, at: float) -> Tensor:
            moment = torch.full((2,), at, device=device)
            both = self.transformer(flow.twice(x), nothing, seen, moment, states, mask).float()
            return flow.guided(both, GUIDANCE)

        latents = flow.integrate(field, noise, [n / self.steps for n in range(self.steps + 1)])
        waveform: Tensor = self.decoder(latents)[0, 0].float()
        return waveform
