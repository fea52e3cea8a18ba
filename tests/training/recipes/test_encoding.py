import torch

from services.families.moviegen.tae import TAEEncoder, TAEParams
from training.recipes.encoding import Encoding

PARAMS = TAEParams(widths=(8, 8, 16, 16), encoder_blocks=0, decoder_blocks=0, groups=4, latent_channels=4)


@torch.no_grad()
def encoder() -> TAEEncoder:
    torch.manual_seed(0)
    made = TAEEncoder(PARAMS).eval()
    made.mean.uniform_(-1, 1)
    made.std.uniform_(1, 2)
    return made


@torch.no_grad()
def test_latents_are_those_of_the_network_whose_deep_half_is_left_out_if_it_is_silent() -> None:
    made, video = encoder(), torch.rand(2, 3, 16, 16, 24) * 2 - 1
    for linear in (True, False):
        if not linear:
            made.last.space.weight.normal_(0, 0.1)
        encoding = Encoding(made, on_gpu=False)
        assert encoding.linear == linear
        assert encoding.dtype == torch.float32
        latents = encoding.latents(video)
        assert latents.dtype == torch.float16
        torch.testing.assert_close(latents, made(video).half(), atol=2e-3, rtol=2e-3)
