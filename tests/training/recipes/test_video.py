from functools import partial

import torch

from training.recipes import sources, video
from training.recipes.batches import Batch, to_video
from training.recipes.order import Order
from training.recipes.showing import Show
from training.recipes.sources import FilmPlan
from training.recipes.trainer import autocast


def batch(length: int, edits: float = 0.0, figures: float = 0.0) -> Batch:
    plan = FilmPlan((length,), (1.0,), (length,), (64, 64), edits=edits, figures=figures)
    samples = [sources.film(n, plan) for n in range(2)]
    tensors = {
        name: torch.stack([torch.from_numpy(sample.arrays[name]) for sample in samples])
        for name in samples[0].arrays
    }
    return Batch(samples[0].bucket, tensors, [sample.texts for sample in samples])


def test_what_each_task_is_given(order: Order) -> None:
    recipe = video.Recipe(order)
    latents, first = torch.randn(3, 16, 4, 2, 2), torch.randn(3, 16, 2, 2)
    given = recipe.condition({"latents": latents, "first": first}, torch.tensor([0, 1, 2]))
    assert given.shape == (3, 17, 4, 2, 2)
    assert not given[0].any()
    assert torch.equal(given[1, :16, 0], first[1])
    assert given[1, 16, 0].eq(1).all()
    assert not given[1, :, 1:].any()
    known = int(given[2, 16, :, 0, 0].sum())
    assert 1 <= known <= 2
    assert torch.equal(given[2, :16, :known], latents[2, :, :known])
    assert not given[2, :, known:].any()


def test_an_edit_is_given_the_film_before_and_a_figure_no_film(order: Order) -> None:
    recipe = video.Recipe(order)
    latents, other = torch.randn(2, 16, 4, 2, 2), torch.randn(2, 16, 4, 2, 2)
    edit = recipe.condition({"latents": latents, "source": other}, torch.tensor([3, 3]))
    assert torch.equal(edit[:, :16], other)
    assert edit[:, 16].eq(1).all()
    figure = recipe.condition(
        {"latents": latents, "character": torch.randn(2, 16, 12, 12)}, torch.tensor([4, 4])
    )
    assert not figure.any()


def test_pairs_go_to_the_store_with_what_their_task_gives(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    recipe.encode(batch(1, edits=1.0))
    recipe.encode(batch(2, figures=1.0))
    edits, figures = recipe.replay.rows[(1, 8, 8, 3)], recipe.replay.rows[(2, 8, 8, 4)]
    channels = recipe.transformer.params.latent_channels
    assert edits["source"].shape[1:] == edits["latents"].shape[1:] == (channels, 1, 8, 8)
    assert not torch.equal(edits["source"][:2], edits["latents"][:2])
    assert figures["character"].shape[1:] == (channels, 12, 12)
    for bucket in ((1, 8, 8, 3), (2, 8, 8, 4)):
        assert recipe.tasks(bucket, 3).tolist() == [bucket[3]] * 3
        assert recipe.loss(bucket).isfinite()


def test_films_are_encoded_in_tiles_and_their_first_frame_as_an_image(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    long = batch(8)
    recipe.encode(long)
    rows = recipe.replay.rows[(8, 8, 8, 0)]
    pixels = to_video(long.tensors["video"])
    with torch.no_grad(), autocast(written):
        latents = recipe.encoding.latents
        halves = [latents(pixels[:, :, :32]), latents(pixels[:, :, 32:])]
        image = latents(pixels[:, :, :1])[:, :, 0]
    torch.testing.assert_close(rows["latents"][:2], torch.cat(halves, dim=2), atol=2e-3, rtol=0)
    torch.testing.assert_close(rows["first"][:2], image, atol=2e-3, rtol=0)


def test_the_transformer_learns_and_the_text_encoder_does_not(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.warm_up()
    assert not recipe.replay.seen
    recipe.begin()
    recipe.encode(batch(2))
    assert isinstance(recipe.text_encoder, torch.nn.Module)
    said = [w.detach().clone() for w in recipe.text_encoder.parameters()]
    before = [w.detach().clone() for w in recipe.transformer.parameters()]
    recipe.trainer.step(partial(recipe.loss, (2, 8, 8, 0)))
    assert all(torch.equal(a, b) for a, b in zip(said, recipe.text_encoder.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(before, recipe.transformer.parameters(), strict=True))


def test_images_come_first_then_films(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    assert recipe.choose() is None
    for length in (1, 2):
        for _ in range(4):
            recipe.encode(batch(length))
    assert recipe.choose() == (1, 8, 8, 0)
    recipe.trainer.pace.part = 0.9
    chosen = [recipe.choose() for _ in range(60)]
    assert chosen.count((2, 8, 8, 0)) > 35


def test_a_batch_has_about_the_same_tokens_whatever_the_bucket() -> None:
    size = video.Size(FilmPlan(), 65_536, 9_500_000, 1 << 30, 64, Show(8, 8, 30), 5.6)
    for bucket in ((1, 18, 32), (8, 18, 32), (8, 32, 18), (32, 18, 32)):
        tokens = size.batch(bucket) * bucket[0] * bucket[1] * bucket[2] // 4
        assert 0.9 * 65_536 < tokens <= 65_536
    assert size.encoded((8, 18, 32)) == 4
    assert size.encoded((32, 18, 32)) == 1


def test_the_character_encoder_learns_from_films_of_figures_alone(written: Order) -> None:
    recipe = video.Recipe(written)
    recipe.begin()
    recipe.encode(batch(2))
    recipe.encode(batch(2, figures=1.0))
    torch.nn.init.normal_(recipe.transformer.velocity.project.weight)
    for bucket in ((2, 8, 8, sources.TEXT), (2, 8, 8, sources.CHARACTER)):
        recipe.trainer.clear()
        recipe.loss(bucket).backward()
        learnt = [weight.grad is not None for weight in recipe.transformer.character.parameters()]
        assert set(learnt) == {bucket[3] == sources.CHARACTER}


def test_layouts_are_left_out_with_the_text_and_of_some_besides(order: Order) -> None:
    recipe = video.Recipe(order)
    layout, count = torch.ones(1, 4, 2, 40), 400
    for task, share in enumerate(video.WITHOUT_LAYOUT):
        tasks, without = torch.full((count,), task), torch.arange(count)[:, None] < count // 4
        given = recipe.layout(layout.expand(count, -1, -1, -1), tasks, without).flatten(1)
        assert not given[: count // 4].any()
        left_out = (given[count // 4 :] == 0).all(1).float().mean()
        assert abs(float(left_out) - share) < 0.1
