from functools import partial

import torch

from training.recipes import sources, video
from training.recipes.batches import Batch, to_video
from training.recipes.order import Order
from training.recipes.sources import FilmPlan


def batch(length: int) -> Batch:
    plan = FilmPlan((length,), (1.0,), (length,), (64, 64))
    samples = [sources.film(n, plan) for n in range(2)]
    pixels = torch.stack([torch.from_numpy(sample.arrays["video"]) for sample in samples])
    return Batch(samples[0].bucket, {"video": pixels}, [sample.texts for sample in samples])


def test_what_each_task_is_given(order: Order) -> None:
    recipe = video.Recipe(order)
    latents, first = torch.randn(3, 16, 4, 2, 2), torch.randn(3, 16, 2, 2)
    given = recipe.condition(latents, first, torch.tensor([0, 1, 2]))
    assert given.shape == (3, 17, 4, 2, 2)
    assert not given[0].any()
    assert torch.equal(given[1, :16, 0], first[1])
    assert given[1, 16, 0].eq(1).all()
    assert not given[1, :, 1:].any()
    known = int(given[2, 16, :, 0, 0].sum())
    assert 1 <= known <= 2
    assert torch.equal(given[2, :16, :known], latents[2, :, :known])
    assert not given[2, :, known:].any()


def test_films_are_encoded_in_tiles_and_their_first_frame_as_an_image(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    long = batch(8)
    recipe.encode(long)
    rows = recipe.replay.rows[(8, 8, 8)]
    pixels = to_video(long.tensors["video"])
    with torch.no_grad():
        tiles = torch.cat([recipe.latents(pixels[:, :, :32]), recipe.latents(pixels[:, :, 32:])], dim=2)
        image = recipe.latents(pixels[:, :, :1])[:, :, 0]
    torch.testing.assert_close(rows["latents"][:2], tiles, atol=2e-3, rtol=0)
    torch.testing.assert_close(rows["first"][:2], image, atol=2e-3, rtol=0)


def test_the_text_encoder_learns_until_it_is_frozen(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.warm_up()
    assert not recipe.replay.seen
    recipe.begin()
    recipe.encode(batch(2))
    before = [w.detach().clone() for w in recipe.text_encoder.parameters()]
    recipe.chance.seed(0)
    for _ in range(3):
        recipe.trainer.step(partial(recipe.loss, (2, 8, 8)))
    after = [w.detach().clone() for w in recipe.text_encoder.parameters()]
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    recipe.trainer.freeze("text_encoder")
    frozen = [w.detach().clone() for w in recipe.text_encoder.parameters()]
    recipe.trainer.step(partial(recipe.loss, (2, 8, 8)))
    assert all(torch.equal(a, b) for a, b in zip(frozen, recipe.text_encoder.parameters(), strict=True))


def test_images_come_first_then_films(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    assert recipe.choose() is None
    for length in (1, 2):
        for _ in range(4):
            recipe.encode(batch(length))
    assert recipe.choose() == (1, 8, 8)
    recipe.trainer.clock.start -= 1e6
    chosen = [recipe.choose() for _ in range(60)]
    assert chosen.count((2, 8, 8)) > 40


def test_a_batch_has_about_the_same_tokens_whatever_the_bucket() -> None:
    size = video.Size(FilmPlan(), 65_536, 9_500_000, 1 << 30, 64, (8, 30))
    for bucket in ((1, 18, 32), (8, 18, 32), (8, 32, 18), (32, 18, 32)):
        tokens = size.batch(bucket) * bucket[0] * bucket[1] * bucket[2] // 4
        assert 0.9 * 65_536 < tokens <= 65_536
    assert size.encoded((8, 18, 32)) == 4
    assert size.encoded((32, 18, 32)) == 1
