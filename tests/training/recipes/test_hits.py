import torch

from training.recipes.hits import Hits, around


def test_the_sound_of_a_hit_is_from_just_before_it_on() -> None:
    strengths = torch.zeros(1, 12)
    strengths[0, 5] = 0.8
    assert around(strengths)[0, 0].nonzero().flatten().tolist() == [4, 5, 6, 7, 8]


def test_faint_hits_are_not_waited_for() -> None:
    assert not around(torch.full((1, 6), 0.1)).any()


def test_the_answer_is_learned_from_what_is_seen() -> None:
    torch.manual_seed(0)
    strengths = torch.rand(4, 20) * (torch.rand(4, 20) < 0.3)
    seen = torch.stack([(strengths > 0).float(), strengths, torch.ones(4, 20)], dim=2)
    hits = Hits(3)
    optimizer = torch.optim.Adam(hits.parameters(), 0.05)
    before = hits(seen, strengths).mean().item()
    for _ in range(100):
        optimizer.zero_grad()
        hits(seen, strengths).mean().backward()
        optimizer.step()
    assert hits(seen, strengths).mean().item() < 0.5 * before


def test_how_hard_nothing_hits_is_no_matter() -> None:
    hits, nothing = Hits(3), torch.zeros(1, 4)
    with torch.no_grad():
        for weight in hits.parameters():
            weight.zero_()
        hits.answer.bias[1] = 9.0
    losses = hits(torch.ones(1, 4, 3), nothing)
    torch.testing.assert_close(losses, torch.full((1, 4), 5 * 0.6931), atol=1e-3, rtol=0)
