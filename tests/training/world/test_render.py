import numpy as np
import pytest

from training.world.chance import Film, Wanted, sample_scene
from training.world.physics import impacts
from training.world.render import render
from training.world.scene import COLOURS, MOTIONS, STYLES

FILM = Film(16, 8)


def test_same_seed_same_bytes() -> None:
    one, two = (render(sample_scene(5, FILM), 72, 128).tobytes() for _ in range(2))
    assert one == two
    assert one != render(sample_scene(6, FILM), 72, 128).tobytes()


@pytest.mark.parametrize("motion", MOTIONS)
def test_chosen_frames_are_those_of_the_film(motion: str) -> None:
    scene = sample_scene(9, FILM, wanted=Wanted(motion=motion))
    film = render(scene, 72, 128)
    assert film.shape == (16, 72, 128, 3)
    np.testing.assert_array_equal(render(scene, 72, 128, frames=[3, 11]), film[[3, 11]])


def test_a_crop_is_that_part_of_the_picture() -> None:
    for seed in range(4):
        scene = sample_scene(seed, FILM, wanted=Wanted(camera="static"))
        whole = render(scene, 144, 256, frames=[4])[0].astype(int)
        crop = render(scene, 72, 64, crop=(0.25, 0.5, 0.5, 1.0), frames=[4])[0]
        assert np.abs(whole[72:, 64:128] - crop).max() <= 1


def test_a_larger_picture_is_the_same_picture_sharper() -> None:
    for seed in range(4):
        scene = sample_scene(seed, FILM)
        small = render(scene, 72, 128, frames=[7])[0]
        large = render(scene, 288, 512, frames=[7])[0]
        shrunk = large.reshape(72, 4, 128, 4, 3).mean((1, 3))
        assert np.abs(shrunk - small).mean() < 2.5


def test_a_red_ball_is_lowest_when_it_hits_the_blue_floor() -> None:
    wanted = Wanted(
        colour="red", shape="ball", motion="bounce", ground="blue", camera="static", sky="day", count=1
    )
    scene = sample_scene(2, Film(96, 48), wanted=wanted)
    film = render(scene, 144, 256).astype(int)
    red = (film[..., 0] - film[..., 1] > 60) & (film[..., 0] - film[..., 2] > 60)
    assert red.any((1, 2)).all()
    lowest = 143 - red.any(2)[:, ::-1].argmax(1)
    hits = [hit for hit in impacts(scene) if hit.on == "ground"]
    assert hits
    for hit in hits:
        frame = round(hit.time_s * 48)
        around = slice(max(0, frame - 8), frame + 9)
        assert lowest[frame] >= lowest[around].max() - 1


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("camera", ["static", "tilt up", "push in"])
def test_every_style_is_the_same_picture_sharper(style: str, camera: str) -> None:
    for seed in range(2):
        scene = sample_scene(seed, FILM, wanted=Wanted(style=style, camera=camera))
        small = render(scene, 72, 128, frames=[7])[0]
        large = render(scene, 288, 512, frames=[7])[0]
        shrunk = large.reshape(72, 4, 128, 4, 3).mean((1, 3))
        assert np.abs(shrunk - small).mean() < 3.5
        part = render(scene, 144, 128, crop=(0.5, 0.5, 0.75, 1.0), frames=[7])[0].astype(int)
        assert np.abs(part - large[144:, 256:384]).mean() < 1


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_look_like_themselves(colour: str) -> None:
    ground = "blue" if colour == "green" else "green"
    wanted = Wanted(
        colour=colour, shape="square", motion="still", ground=ground, sky="day", size="large", count=1
    )
    scene = sample_scene(1, FILM, wanted=wanted)
    (thing,) = scene.objects
    frame = render(scene, 144, 256, frames=[0])[0]
    column = round(thing.x / scene.aspect * 256)
    row = round((1 - scene.ground.stand - 0.84 * thing.radius) * 144)
    red, green, blue = (int(value) for value in frame[row, column])
    hues = {
        "red": red > 150 > 100 > max(green, blue),
        "green": green > 130 > 110 > max(red, blue),
        "blue": blue > 150 > 130 > max(red, green),
        "yellow": min(red, green) > 170 > 110 > blue,
        "orange": red > 190 > 170 > green > 100 > blue,
        "purple": min(red, blue) > 110 > 95 > green,
        "pink": red > 200 > 170 > green and blue > 140,
        "white": min(red, green, blue) > 200,
        "black": max(red, green, blue) < 90,
    }
    assert hues[colour]
