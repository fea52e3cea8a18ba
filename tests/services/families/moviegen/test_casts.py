from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from services.contract.cast import CastManifest
from services.contract.tensors import LAYOUT_READER, LAYOUT_TRANSFORMER, NETWORKS
from services.families.moviegen import casts
from services.families.moviegen.casts import CASTS, build, load
from services.families.moviegen.layers import SharedModulation
from services.families.moviegen.video_transformer import VideoTransformer

MANIFESTS = Path(casts.__file__).parent / "manifests"


def parameters(cast: str, network: str) -> int:
    """Learned parameters, all of them: embeddings, position tables, norms and bias tables too."""
    return sum(parameter.numel() for parameter in build(cast, network, "meta").parameters())


def test_casts_have_every_network_and_the_paper_s_no_layouts() -> None:
    assert set(CASTS["moviegen-mini"]) == set(NETWORKS)
    assert set(CASTS["moviegen-30b"]) == set(NETWORKS) - {LAYOUT_READER, LAYOUT_TRANSFORMER}


@pytest.mark.parametrize("network", NETWORKS)
def test_mini_networks_have_at_most_a_few_million_parameters(network: str) -> None:
    # The encoder of the envelope codec is a filter bank and two thin layers.
    smallest = 5e3 if network == "audio_encoder" else 0.2e6
    assert smallest < parameters("moviegen-mini", network) < 12e6


def test_the_large_video_transformer_has_30_billion_parameters() -> None:
    assert parameters("moviegen-30b", "video_transformer") == pytest.approx(30e9, rel=0.03)


def test_the_large_upsampler_has_7_billion_parameters() -> None:
    assert parameters("moviegen-30b", "upsampler") == pytest.approx(7e9, rel=0.03)


def test_the_large_audio_transformer_has_12_of_the_13_billion_parameters() -> None:
    """36 layers of 4608 / 18432 with cross-attention make 12.41B; what else the paper counts is not known."""
    count = parameters("moviegen-30b", "audio_transformer")
    assert count == pytest.approx(12.41e9, rel=0.002)
    assert count == pytest.approx(13e9, rel=0.05)


def test_a_modulation_for_each_layer_would_add_10_9_billion() -> None:
    network = build("moviegen-30b", "video_transformer", "meta")
    assert isinstance(network, VideoTransformer)
    shared = [module for module in network.modules() if isinstance(module, SharedModulation)]
    assert len(shared) == 1
    assert shared[0].project.weight.numel() * network.params.layers == pytest.approx(10.9e9, rel=0.01)


def test_the_large_video_transformer_has_no_bias_but_in_the_norms_of_what_it_is_told() -> None:
    network = build("moviegen-30b", "video_transformer", "meta")
    biases = {
        name
        for name, parameter in network.named_parameters()
        if name.endswith("bias") and parameter.dim() == 1
    }
    assert biases == {"text.norm.bias", "character.project.norm.bias"}


def test_the_large_character_encoder_is_less_than_a_hundredth() -> None:
    network = build("moviegen-30b", "video_transformer", "meta")
    assert isinstance(network, VideoTransformer)
    part = sum(parameter.numel() for parameter in network.character.parameters())
    assert 0.001 < part / parameters("moviegen-30b", "video_transformer") < 0.01


def test_portraits_are_as_the_manifest_says() -> None:
    network = build("moviegen-mini", "video_transformer", "meta")
    assert isinstance(network, VideoTransformer)
    assert network.params.character is not None
    manifest = CastManifest.read(MANIFESTS / "moviegen-mini.json")
    assert network.params.character.side == manifest.latents.portrait


def test_large_position_tables_cover_the_longest_context() -> None:
    network = build("moviegen-30b", "video_transformer", "meta")
    assert isinstance(network, VideoTransformer)
    for frames, rows, columns in ((32, 48, 48), (32, 36, 64), (32, 64, 36)):
        assert network.positions(frames, rows, columns).shape == (1, frames * rows * columns, 6144)


@pytest.mark.parametrize("network", ["text_encoder", "video_encoder", "audio_decoder"])
@torch.no_grad()
def test_a_checkpoint_brings_weights_and_buffers_back(network: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = build("moviegen-mini", network)
    for buffer in module.buffers():
        buffer.copy_(torch.rand(buffer.shape))
    save_file(module.state_dict(), tmp_path / "weights.safetensors")
    loaded = load("moviegen-mini", network, tmp_path / "weights.safetensors")
    assert not loaded.training
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor)


@pytest.mark.parametrize(
    ("change", "message"),
    [("drop", "Missing key"), ("add", "Unexpected key"), ("reshape", "size mismatch")],
)
def test_a_checkpoint_that_does_not_fit_is_refused(change: str, message: str, tmp_path: Path) -> None:
    state = build("moviegen-mini", "text_encoder").state_dict()
    if change == "drop":
        del state["norm.weight"]
    elif change == "add":
        state["extra"] = torch.zeros(1)
    else:
        state["norm.weight"] = torch.ones(7)
    save_file(state, tmp_path / "weights.safetensors")
    with pytest.raises(RuntimeError, match=message):
        load("moviegen-mini", "text_encoder", tmp_path / "weights.safetensors")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        build("moviegen-mini", "video_dreamer")
