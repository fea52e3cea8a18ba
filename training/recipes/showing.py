"""Films made for a few prompts while the video transformer learns, as pictures for people."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from services.families.moviegen.video_transformer import VideoTransformer
from services.sampling.schedule import linear_quadratic
from training.recipes import flow, text
from training.recipes.batches import to_pixels
from training.recipes.feed import Array
from training.recipes.files import grid

GUIDANCE = 3.0
COLUMNS = 8
PROMPTS = (
    "a red ball bouncing on a blue floor",
    "a green square sliding to the right on a grey floor",
    "a yellow star spinning on a purple floor",
    "a blue heart falling on a red floor at night",
    "zoom in, a purple ring swinging over grass",
    "a small orange triangle rising on snow",
    "a red ball and a green cross bouncing on a yellow floor",
    "a pink diamond growing on a wooden floor",
)


@dataclass(frozen=True)
class Show:
    """How many prompts, of how many latent frames and pixels, in how many steps of sampling."""

    prompts: int
    length: int
    steps: int
    size: tuple[int, int] = (144, 256)

    @property
    def quick(self) -> "Show":
        """A part of it that costs little: fewer prompts, shorter films, fewer steps."""
        return replace(
            self, prompts=min(3, self.prompts), length=min(2, self.length), steps=min(8, self.steps)
        )


@dataclass(frozen=True)
class Studio:
    """The networks that make films, and the device that they are on."""

    transformer: VideoTransformer
    decoder: Callable[[Tensor], Tensor]
    text_encoder: Callable[[Tensor], Tensor]
    device: str

    def tokens(self, prompts: tuple[str, ...]) -> Tensor:
        """Ids [2n,L]: n times nothing, then the prompts."""
        words = text.tokenizer()
        rows = text.rows(words, [""] * len(prompts) + [f"FPS-16 {prompt}" for prompt in prompts])
        return torch.tensor(rows, device=self.device)

    @torch.no_grad()
    def films(self, show: Show) -> Array:
        """A film for each prompt, in a row of frames, from the same noise each time."""
        prompts = PROMPTS[: show.prompts]
        tokens, device = self.tokens(prompts), self.device
        shape = (show.length, show.size[0] // 8, show.size[1] // 8)
        generator = torch.Generator(device).manual_seed(1)
        channels, given = self.transformer.params.latent_channels, self.transformer.params.condition_channels
        noise = torch.randn((len(prompts), channels, *shape), generator=generator, device=device)
        nothing = torch.zeros((len(tokens), given, *shape), device=device)
        task = torch.zeros(len(tokens), dtype=torch.long, device=device)
        states, mask = self.text_encoder(tokens), (tokens != 0).float()

        def field(x: Tensor, at: float) -> Tensor:
            moment = torch.full((len(tokens),), at, device=device)
            both = self.transformer(flow.twice(x), nothing, moment, task, states, mask).float()
            return flow.guided(both, GUIDANCE)

        latents = flow.integrate(field, noise, linear_quadratic(show.steps))
        films = [self.decoder(one[None]).float()[0].transpose(0, 1) for one in latents]
        # Eight frames of each, evenly spread and none at an end.
        every = max(1, len(films[0]) // COLUMNS)
        return grid(torch.stack([to_pixels(frames[every // 2 :: every]) for frames in films]))
