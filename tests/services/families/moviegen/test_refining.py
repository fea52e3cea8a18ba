import pytest
import torch
from torch import Tensor

from services.families.moviegen.refining import LEAST, MOST, Refiner, RefinerParams, weighed

CHANNELS, CONDITION, WIDTH = 3, 4, 8


def refiner(started: bool = False) -> Refiner:
    """A small one, as it begins or as it is after some steps."""
    torch.manual_seed(0)
    module = Refiner(RefinerParams(width=6, blocks=2), CHANNELS, CONDITION, WIDTH)
    if started:
        module.start()
    return module.eval()


def inputs(frames: int = 2, rows: int = 4, columns: int = 6) -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {
        "x": torch.randn(2, frames * rows * columns // 4, WIDTH),
        "time": torch.randn(2, WIDTH),
        "seen": torch.randn(2, CHANNELS + CONDITION, frames, rows, columns),
        "drawn": torch.randn(2, CHANNELS, frames, rows, columns),
    }


@torch.no_grad()
def test_at_first_it_adds_nothing_and_trusts_the_prediction() -> None:
    given = inputs()
    more, doubt = refiner(started=True)(**given)
    assert more.shape == doubt.shape == given["drawn"].shape
    assert not more.any()
    assert (doubt < -2).all()


@torch.no_grad()
def test_doubt_is_bounded() -> None:
    module = refiner()
    module.last.weight.mul_(1e4)
    _, doubt = module(**inputs())
    assert doubt.min() == LEAST
    assert doubt.max() == MOST


@pytest.mark.parametrize("name", ["seen", "drawn"])
@torch.no_grad()
def test_latent_frames_are_refined_each_by_itself(name: str) -> None:
    module, given = refiner(), inputs()
    before, _ = module(**given)
    given[name][:, :, 1] += 1.0
    after, _ = module(**given)
    assert torch.equal(after[:, :, 0], before[:, :, 0])
    assert not torch.allclose(after[:, :, 1], before[:, :, 1])


@torch.no_grad()
def test_a_token_speaks_of_its_own_four_cells() -> None:
    module, given = refiner(), inputs(rows=16, columns=16)
    module.last.weight[..., (0, 0, 0, 1, 1, 2, 2, 2), (0, 1, 2, 0, 2, 0, 1, 2)] = 0
    for block in module.blocks:
        block.second.weight.zero_()
    before, _ = module(**given)
    # Of the second latent frame, row 1 and column 2 of 8.
    given["x"][:, 64 + 8 + 2] += 1.0
    changed = (module(**given)[0] != before).any(1)
    assert changed[:, 1, 2:4, 4:6].all()
    assert changed.sum() == 2 * 4


def test_a_prediction_without_doubt_stays() -> None:
    drawn, seen = torch.zeros(2, 1, 1, 1, 1), torch.ones(2, 1, 1, 1, 1)
    data = weighed(drawn, torch.full_like(drawn, -30.0), seen, torch.tensor([0.1, 0.9]))
    torch.testing.assert_close(data, drawn)


def test_in_pure_noise_nothing_is_seen_and_without_noise_everything() -> None:
    drawn, seen = torch.zeros(2, 1, 1, 1, 1), torch.full((2, 1, 1, 1, 1), 3.0)
    data = weighed(drawn, torch.zeros_like(drawn), seen, torch.tensor([0.0, 1.0]))
    assert data.flatten().tolist() == [0.0, 3.0]


def test_weighed_has_less_error_than_either() -> None:
    torch.manual_seed(0)
    clean = torch.randn(1, 1, 1, 200, 200)
    drawn, time = clean + 0.5 * torch.randn_like(clean), torch.tensor([0.7])
    noisy = 0.7 * clean + 0.3 * torch.randn_like(clean)
    doubt = torch.full_like(clean, 2 * torch.tensor(0.5).log().item())
    error = (weighed(drawn, doubt, noisy, time) - clean).square().mean().item()
    seen = (noisy / 0.7 - clean).square().mean().item()
    # Errors that are independent add as the reciprocals of their variances.
    assert error == pytest.approx(1 / (1 / 0.25 + 1 / seen), rel=0.03)
    assert error < min(0.25, seen)
