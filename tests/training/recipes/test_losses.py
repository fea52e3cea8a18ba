import pytest
import torch

from training.recipes import losses

EVEN = torch.ones(1, 1, 16, 16)


def test_equal_pictures_have_no_loss() -> None:
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    assert float(losses.edges(x - x, EVEN)) == 0.0
    assert losses.ssim(x, x) == pytest.approx(1.0, abs=1e-4)


def test_a_constant_offset_has_no_edges_but_a_step_has() -> None:
    x = torch.rand(1, 3, 16, 16)
    assert float(losses.edges(torch.full_like(x, 0.5), EVEN)) == pytest.approx(0.0, abs=1e-6)
    step = x.clone()
    step[..., 8:] += 0.5
    assert float(losses.edges(step - x, EVEN)) > 0.001


def test_one_large_fault_counts_more_than_many_small_ones() -> None:
    x = torch.zeros(1, 3, 16, 16)
    spread, single = x.clone(), x.clone()
    spread[..., ::2] = 0.01
    single[..., 8, 8] = 0.5
    assert float((spread - x).abs().mean()) > float((single - x).abs().mean())
    assert float(losses.edges(single - x, EVEN)) > 2 * float(losses.edges(spread - x, EVEN))


def test_faults_count_by_the_regard_of_their_place() -> None:
    fault, regard = torch.zeros(1, 3, 16, 16), EVEN.clone()
    fault[..., 4, 4] = 0.5
    regard[..., 4, 4] = 5.0
    for measure in (losses.squared, losses.edges):
        assert float(measure(fault, regard)) > 2 * float(measure(fault, EVEN))
    assert float(losses.squared(torch.full_like(fault, 0.5), regard)) == pytest.approx(0.25)


def test_psnr_of_a_known_error() -> None:
    x = torch.zeros(1, 3, 4, 4)
    assert losses.psnr(x + 0.2, x) == pytest.approx(20.0, abs=1e-3)


def test_noise_lowers_similarity() -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 3, 32, 32) * 2 - 1
    assert losses.ssim(x + 0.5 * torch.randn_like(x), x) < 0.9


def test_divergence_is_zero_for_a_standard_normal_alone() -> None:
    zeros = torch.zeros(4)
    assert float(losses.kl(zeros, zeros)) == 0.0
    assert float(losses.kl(zeros + 1, zeros)) == pytest.approx(0.5)


def test_only_outliers_are_punished() -> None:
    latents = torch.tensor([-1.0, 1.0]).repeat(1, 1, 1, 1, 50)
    assert float(losses.outliers(latents)) == 0.0
    latents[..., 0] = 50.0
    assert float(losses.outliers(latents)) > 0.1
