import torch

from services.families.moviegen.copying import Copying, carried

GRID = torch.Size((3, 2, 3))


def given(frames: int) -> torch.Tensor:
    """A condition [1,3,3,4,6] whose first latent frames are given."""
    torch.manual_seed(0)
    condition = torch.zeros(1, 3, 3, 4, 6)
    condition[:, :2, :frames] = torch.randn(1, 2, frames, 4, 6)
    condition[:, 2, :frames] = 1
    return condition


def test_the_last_given_frame_stands_for_those_after_it() -> None:
    condition = given(2)
    source, there = carried(condition)
    assert torch.equal(source[:, :, :2], condition[:, :2, :2])
    assert torch.equal(source[:, :, 2], condition[:, :2, 1])
    assert there.flatten().tolist() == [1.0, 1.0, 0.5]


def test_where_nothing_is_given_nothing_is_copied() -> None:
    source, there = carried(given(0))
    assert not source.any()
    assert not there.any()
    gates = Copying(8)(torch.randn(1, 18, 8), torch.randn(1, 8), GRID, there)
    assert gates.shape == (1, 1, 3, 4, 6)
    assert not gates.any()


def test_a_given_frame_is_leaned_on_more_than_one_before() -> None:
    _, there = carried(given(1))
    copying = Copying(8)
    torch.nn.init.zeros_(copying.says.project.weight)
    gates = copying(torch.randn(1, 18, 8), torch.randn(1, 8), GRID, there)
    assert torch.allclose(gates[:, :, 0], torch.tensor(0.5))
    assert (gates[:, :, 1:] < 0.2).all()


@torch.no_grad()
def test_gates_are_at_the_places_of_their_tokens() -> None:
    copying = Copying(8)
    torch.nn.init.normal_(copying.says.project.weight)
    x = torch.zeros(1, 18, 8)
    x[:, 7] = torch.randn(8)
    gates = copying(x, torch.zeros(1, 8), GRID, torch.ones(1, 1, 3, 1, 1))
    elsewhere = gates != 0.5
    # Token 7 of a grid (3, 2, 3) is the second latent frame's, row 0, column 1.
    assert elsewhere[0, 0, 1, :2, 2:4].all()
    assert elsewhere.sum() == 4
