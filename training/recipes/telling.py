"""Asks the layout field of a video transformer for the latents of things, while it is trained.

What a thing looks like where it is follows from the layout almost alone. Through the whole network this is
learned slowly, since most of a film's loss is of other things.

Shapes: B batch, C latent channels, T h w latent frames, rows, columns.
"""

from torch import Tensor, nn


class Telling(nn.Module):
    """Latents of things from the features of their cells, by a layer that is thrown away afterwards."""

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.answer = nn.Linear(features, channels)
        self.field: Tensor | None = None

    def listen(self, field: nn.Module) -> None:
        """Keep what the layout field gives from now on."""

        def hear(_: nn.Module, __: tuple[Tensor, ...], said: Tensor) -> None:
            self.field = said

        field.register_forward_hook(hear)

    def forward(self, latents: Tensor, things: Tensor) -> Tensor:
        """The loss against latents [B,C,T,h,w] where there are things [B,T,h,w] that the field knows of; what
        was heard is forgotten."""
        field, self.field = self.field, None
        assert field is not None
        # Films without a layout have a field of zeros.
        known = (things > 0) & field.detach().ne(0).any(1)
        error = self.answer(field.movedim(1, -1)).float() - latents.movedim(1, -1)
        loss: Tensor = (error.square().mean(-1) * known).sum() / known.sum().clamp_min(1)
        return loss
