import torch
from torch import nn

from training.recipes.asking import Asking, patches


def test_cells_are_in_the_order_of_tokens() -> None:
    looks = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6)
    cells = patches(looks)
    assert cells.shape == (1, 12, 4)
    # Token 7 is in the second frame, row 0, column 1 of a grid (2, 2, 3).
    assert cells[0, 7].tolist() == [26, 27, 32, 33]


def test_what_a_block_knows_is_learned_and_reaches_it() -> None:
    torch.manual_seed(0)
    block, asking = nn.Linear(3, 16), Asking(16)
    asking.listen(block)
    looks = torch.tensor([0, 1, 9, 40], dtype=torch.uint8)[torch.randint(4, (2, 1, 4, 6))]
    seen = torch.stack([patches(looks).float().mean(-1) / 40 + n for n in range(3)], dim=2)
    weights = [*block.parameters(), *asking.parameters()]
    optimizer, losses = torch.optim.Adam(weights, 0.03), []
    for _ in range(150):
        block(seen)
        losses.append(asking(looks))
        optimizer.zero_grad()
        losses[-1].backward()
        assert block.weight.grad is not None
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]


def test_things_count_more_than_nothing() -> None:
    asking = Asking(4)
    with torch.no_grad():
        asking.answer.weight.zero_()
        asking.answer.bias.zero_()
        asking.answer.bias.view(4, -1)[:, [0, 10]] = 5.0
    looks = torch.zeros(1, 1, 2, 4, dtype=torch.uint8)
    for code, least, most in ((0, 0.0, 0.3), (12, 3.0, 4.5)):
        looks[0, 0, 0, 0] = code
        asking.tokens = torch.zeros(1, 2, 4)
        assert least < asking(looks).item() < most
