from training.world.scene import (
    COLOURS,
    MOTIONS,
    SHAPES,
    Ground,
    Scene,
    can_move,
    combinations,
    is_heldout,
    stream,
)


def test_about_a_tenth_of_the_combinations_is_held_out() -> None:
    train, heldout = set(combinations("train")), set(combinations("heldout"))
    assert not train & heldout
    assert 0.07 < len(heldout) / len(train | heldout) < 0.13


def test_training_knows_every_colour_shape_and_motion() -> None:
    colours, shapes, motions = (set(part) for part in zip(*combinations("train"), strict=True))
    assert colours == set(COLOURS)
    assert shapes == set(SHAPES)
    assert motions == set(MOTIONS)


def test_the_hash_never_changes() -> None:
    assert is_heldout("red", "square", "bounce")
    assert not is_heldout("red", "ball", "bounce")


def test_round_things_roll_and_the_others_slide() -> None:
    assert can_move("ball", "roll")
    assert not can_move("ball", "slide")
    assert can_move("star", "slide")
    assert not can_move("star", "roll")
    assert not can_move("triangle", "collide")


def test_duration_in_seconds() -> None:
    scene = Scene(0, (), Ground("floor", "blue", 0.3, 0.15), "day", "static", 24, 60, 1.0)
    assert scene.duration_s == 2.5


def test_purposes_draw_independently() -> None:
    assert stream(7, 0).integers(1 << 30) == stream(7, 0).integers(1 << 30)
    assert stream(7, 0).integers(1 << 30) != stream(7, 1).integers(1 << 30)
