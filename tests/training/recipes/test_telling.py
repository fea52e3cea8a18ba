import torch
from torch import nn

from services.contract import layout as columns
from services.families.moviegen.layout_field import LayoutField, LayoutFieldParams
from training.recipes.telling import Telling


def layouts() -> torch.Tensor:
    """Of two films: one thing in the middle, and no layout at all."""
    layout = torch.zeros(2, columns.SLOTS, 1, columns.COLUMNS)
    layout[0, 0, :, columns.THERE] = layout[0, 0, :, columns.COSINE] = 1.0
    return layout


def test_it_learns_what_a_thing_looks_like_and_so_does_the_field() -> None:
    torch.manual_seed(0)
    field, telling = LayoutField(LayoutFieldParams(width=16, features=8)), Telling(8, 4)
    telling.listen(field)
    latents, things = torch.randn(2, 4, 1, 6, 10), torch.ones(2, 1, 6, 10)
    weights: list[nn.Parameter] = [*field.parameters(), *telling.parameters()]
    adam = torch.optim.Adam(weights, 0.02)
    losses = []
    for _ in range(60):
        field(layouts(), 6, 10)
        loss = telling(latents, things)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]


def test_films_without_a_layout_and_cells_without_things_do_not_count() -> None:
    torch.manual_seed(0)
    field, telling = LayoutField(LayoutFieldParams(width=16, features=8)), Telling(8, 4)
    telling.listen(field)
    latents, things = torch.randn(2, 4, 1, 6, 10), torch.ones(2, 1, 6, 10)
    things[0, :, :3] = 0.0
    field(layouts(), 6, 10)
    loss = telling(latents, things)
    latents[1], latents[0, :, :, :3] = 9.0, 9.0
    field(layouts(), 6, 10)
    torch.testing.assert_close(telling(latents, things), loss)
