import torch

from services.families.moviegen.copying import Copying, carried
from training.recipes.keeping import Keeping

GRID = torch.Size((2, 2, 3))


def condition(frames: int) -> torch.Tensor:
    """A condition [1,3,2,4,6] whose first latent frames are given."""
    torch.manual_seed(0)
    given = torch.zeros(1, 3, 2, 4, 6)
    given[:, :2, :frames] = torch.randn(1, 2, frames, 4, 6)
    given[:, 2, :frames] = 1
    return given


def test_gates_learn_what_stays() -> None:
    given, copying = condition(1), Copying(8)
    keeping, source = Keeping(copying), carried(given)[0]
    latents = source.clone()
    latents[..., 2:] += 1.0
    # Tokens know in which column they are, as they might from their positions.
    x = torch.eye(8)[torch.arange(12) % 3][None]
    optimizer, losses = torch.optim.Adam(copying.parameters(), 0.02), []
    for _ in range(60):
        gates = copying(x, torch.zeros(1, 8), GRID, carried(given)[1])
        losses.append(keeping.loss(latents, given))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.1 * losses[0]
    assert (gates[..., :2] > 0.8).all()
    assert (gates[..., 2:] < 0.2).all()


def test_where_nothing_is_given_nothing_is_told() -> None:
    given, copying = condition(0), Copying(8)
    keeping = Keeping(copying)
    copying(torch.randn(1, 12, 8), torch.zeros(1, 8), GRID, carried(given)[1])
    assert keeping.loss(torch.randn(1, 2, 2, 4, 6), given).item() == 0.0
