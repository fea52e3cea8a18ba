import torch

from training.recipes import flow


def test_the_path_leads_from_noise_to_data() -> None:
    data, noise = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    assert torch.equal(flow.at(torch.zeros(2), data, noise), noise)
    torch.testing.assert_close(flow.at(torch.ones(2), data, noise), data + flow.SMALLEST * noise)


def test_velocity_is_the_slope_of_the_path() -> None:
    data, noise = torch.randn(2, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    one, two = (flow.at(torch.full((2,), t, dtype=torch.float64), data, noise) for t in (0.3, 0.4))
    torch.testing.assert_close((two - one) / 0.1, flow.velocity(data, noise))


def test_times_lie_between_noise_and_data_around_the_middle() -> None:
    torch.manual_seed(0)
    times = flow.times(4000, "cpu")
    assert float(times.min()) > 0
    assert float(times.max()) < 1
    assert abs(float(times.mean()) - 0.5) < 0.02


def test_integration_of_the_true_velocity_gives_the_data() -> None:
    data, noise = torch.randn(1, 5), torch.randn(1, 5)
    found = flow.integrate(lambda _, __: flow.velocity(data, noise), noise, [0.0, 0.1, 0.5, 1.0])
    torch.testing.assert_close(found, data, atol=1e-4, rtol=0)


def test_guidance_goes_from_without_to_with_and_beyond() -> None:
    both = torch.tensor([[1.0], [3.0]])
    assert flow.guided(both, 1.0).tolist() == [[3.0]]
    assert flow.guided(both, 2.0).tolist() == [[5.0]]
    assert flow.twice(torch.ones(1, 2)).shape == (2, 2)
