import torch

from services.families.moviegen.visual_encoder import (
    VisualEncoder,
    VisualEncoderParams,
    VisualTransformer,
    VisualTransformerParams,
)


@torch.no_grad()
def test_features_tell_places_apart() -> None:
    torch.manual_seed(0)
    frames = -torch.ones(2, 3, 96, 96)
    frames[0, :, 10:30, 10:30] = 1.0
    frames[1, :, 60:80, 60:80] = 1.0
    features = VisualEncoder(VisualEncoderParams())(frames)
    assert features.shape == (2, 192)
    assert (features[0] - features[1]).abs().max() > 0.1


@torch.no_grad()
def test_frames_are_seen_one_by_one() -> None:
    torch.manual_seed(0)
    encoder, frames = VisualEncoder(VisualEncoderParams()), torch.randn(3, 3, 96, 96)
    torch.testing.assert_close(encoder(frames)[1:2], encoder(frames[1:2]), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_transformer_gives_one_vector_a_frame() -> None:
    params = VisualTransformerParams(side=28, patch=14, width=32, layers=1, heads=4, hidden=64, output=24)
    frames = torch.randn(3, 3, 28, 28)
    features = VisualTransformer(params)(frames)
    assert features.shape == (3, 24)
    assert not torch.allclose(features[0], features[1])
