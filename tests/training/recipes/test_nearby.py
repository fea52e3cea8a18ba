import torch

from services.families.moviegen.audio_transformer import AudioTransformer, AudioTransformerParams
from services.families.moviegen.layers import Block, sinusoids
from training.recipes.nearby import look_around, shifted, solve_last_layer

PARAMS = AudioTransformerParams(
    width=96, layers=3, heads=4, hidden=64, text_width=20, visual_width=12, latent_channels=6, max_latents=80
)


def test_a_shifted_position_is_that_of_the_neighbour() -> None:
    waves = sinusoids(torch.arange(40), 64, 80.0)
    plain, later = shifted(8, 64, 80.0, 0.0), shifted(8, 64, 80.0, 3.0)
    torch.testing.assert_close((waves @ later.T)[:-3], (waves @ plain.T)[3:], atol=1e-4, rtol=0)


def test_heads_of_the_first_block_look_before_and_after() -> None:
    torch.manual_seed(0)
    network = AudioTransformer(PARAMS)
    look_around(network)
    block = network.blocks[0]
    assert isinstance(block, Block)
    attention = block.attention
    x = network.positions[:40]
    q = attention.query_norm(attention.query(x).reshape(40, 4, -1))
    k = attention.key_norm(attention.key(x).reshape(40, 4, -1))
    scores = torch.einsum("nhd,mhd->hnm", q, k)
    nearest = scores.argmax(-1)[:, 10:30] - torch.arange(10, 30)
    assert nearest.float().mean(1).round().tolist() == [-2.0, -1.0, 1.0, 2.0]


def test_the_solved_last_layer_says_what_can_be_said_linearly() -> None:
    torch.manual_seed(0)
    network = AudioTransformer(PARAMS)
    look_around(network)

    def example() -> torch.Tensor:
        latents = torch.randn(8, 6, 20)
        made = network(
            latents,
            torch.zeros(8, 7, 20),
            torch.zeros(8, 20, 12),
            torch.full((8,), 0.5),
            torch.randn(8, 3, 20),
            torch.ones(8, 3),
        )
        return -0.5 * latents - made

    solve_last_layer(network, [example] * 4)
    assert not network.velocity.project._forward_hooks
    latents = torch.randn(2, 6, 20)
    empty = torch.zeros(2, 20, 12)
    with torch.no_grad():
        said = network(
            latents,
            torch.zeros(2, 7, 20),
            empty,
            torch.full((2,), 0.5),
            empty[:, :3, :1].expand(-1, -1, 20),
            torch.ones(2, 3),
        )
    assert float((said + 0.5 * latents).square().mean()) < 0.15
