import torch
from torch import nn

from training.recipes.lean import lean


def test_a_lean_norm_keeps_the_type_of_its_input_and_the_values() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.GroupNorm(2, 8), nn.SiLU())
    nn.init.normal_(network[0].weight)
    x = torch.randn(2, 8, 4, 4)
    before = network(x)
    lean(network)
    assert torch.equal(network(x), before)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        after = network(x.bfloat16())
    assert after.dtype == torch.bfloat16
    torch.testing.assert_close(after.float(), before, atol=0.06, rtol=0.05)
