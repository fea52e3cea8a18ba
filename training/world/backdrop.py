"""Sky and ground: all of the picture that does not move by itself, as a function of world coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.world.scene import Scene, stream
from training.world.strokes import LINE, line, sketched

Pixels = NDArray[np.float32]
RGB = tuple[int, int, int]

GROUND: dict[str, RGB] = {
    "blue": (58, 108, 205), "green": (72, 158, 82), "grey": (132, 136, 142), "brown": (146, 98, 60),
    "yellow": (226, 194, 84), "red": (196, 66, 60), "white": (228, 230, 234), "purple": (128, 86, 176),
    "orange": (228, 142, 66), "pink": (232, 150, 178),
}  # fmt: skip
SKY: dict[str, tuple[RGB, RGB]] = {
    "day": ((216, 236, 250), (112, 180, 238)),
    "night": ((52, 60, 112), (12, 14, 42)),
    "sunset": ((255, 196, 122), (128, 84, 148)),
    "overcast": ((212, 215, 219), (156, 164, 173)),
    "room": ((240, 230, 212), (222, 208, 186)),
}


@dataclass(frozen=True)
class Grid:
    """World coordinates of the pixels' centres: `x` [w], `y` [h] going down; `pixel` is the size of one."""

    x: Pixels
    y: Pixels
    pixel: float


def paint(scene: Scene, grid: Grid) -> Pixels:
    """Ground and sky [h,w,3], 0..255."""
    horizon = scene.ground.horizon
    picture = np.empty((grid.y.size, grid.x.size, 3), np.float32)
    cover = np.clip((horizon - grid.y) / grid.pixel + 0.5, 0, 1).astype(np.float32)
    below = int(np.searchsorted(cover, 1e-6))
    above = int(np.searchsorted(cover, 1 - 1e-6))
    if above > 0:
        picture[:above] = _sky(scene, Grid(grid.x, grid.y[:above], grid.pixel))
    if below < grid.y.size:
        ground = _ground(scene, Grid(grid.x, grid.y[below:], grid.pixel))
        mixed = above - below
        if mixed > 0:
            weight = cover[below:above, None, None]
            picture[below:above] += (ground[:mixed] - picture[below:above]) * weight
        picture[above:] = ground[mixed:]
    np.clip(picture, 0, 255, out=picture)
    if scene.style == "pencil":
        picture = sketched(picture, grid.x, grid.y)
    if scene.style in ("pencil", "outlined"):
        edge = np.clip((0.5 * LINE - np.abs(grid.y - horizon)) / grid.pixel + 0.5, 0, 1)
        _over(picture, np.repeat(edge[:, None], grid.x.size, axis=1), line(scene))
    return picture


def _flat(scene: Scene) -> bool:
    return scene.style in ("flat", "outlined")


def _blend(low: RGB, high: RGB, part: Pixels) -> Pixels:
    """Colours [h,1,3] between low (0) and high (1)."""
    first, last = np.array(low, np.float32), np.array(high, np.float32)
    return first + (last - first) * part[:, None, None]


def _dots(grid: Grid, spots: Pixels) -> Pixels:
    """Sum of soft dots [h,w]; spots [n,5] are (x, y, half width, half height, strength)."""
    across = np.exp(-(((grid.x - spots[:, :1]) / spots[:, 2:3]) ** 2))
    down = np.exp(-(((grid.y - spots[:, 1:2]) / spots[:, 3:4]) ** 2)) * spots[:, 4:]
    # Not a matrix product: BLAS would start threads in every process, and its sums depend on their number.
    total: Pixels = np.einsum("ny,nx->yx", down, across)
    return total


def _disc(grid: Grid, centre: tuple[float, float], radius: float) -> Pixels:
    distance = np.hypot(grid.x[None, :] - centre[0], grid.y[:, None] - centre[1]) - radius
    return np.clip(0.5 - distance / grid.pixel, 0, 1).astype(np.float32)


def _over(picture: Pixels, cover: Pixels, colour: RGB) -> None:
    picture += (np.array(colour, np.float32) - picture) * cover[..., None]


def _sky(scene: Scene, grid: Grid) -> Pixels:
    rng = stream(scene.seed, 3)
    horizon, aspect = scene.ground.horizon, scene.aspect
    part = np.clip((grid.y - horizon) / (1 - horizon), 0, 1)
    if _flat(scene):
        part = np.full_like(grid.y, 0.2 if scene.sky == "sunset" else 0.6)
    picture = np.repeat(_blend(*SKY[scene.sky], part), grid.x.size, axis=1)
    place = rng.uniform(-0.2, 1.2, (40, 2)).astype(np.float32)
    spots = np.empty((40, 5), np.float32)
    spots[:, 0] = place[:, 0] * aspect
    spots[:, 1] = horizon + 0.08 + (1 - horizon) * (place[:, 1] + 0.2) / 1.4
    match scene.sky:
        case "night":
            spots[:, 2:] = 0.0035, 0.0035, 1.0
            spots[:, 4] = rng.uniform(0.3, 1.0, 40)
            _over(picture, np.minimum(_dots(grid, spots), 1), (250, 250, 230))
            _over(picture, _disc(grid, (spots[0, 0] * 0.6 + aspect * 0.2, 0.87), 0.055), (246, 242, 214))
        case "day" | "overcast":
            puffs = np.repeat(spots[:4], 5, axis=0)
            puffs[:, 0] += rng.uniform(-0.14, 0.14, 20)
            puffs[:, 1] = np.maximum(puffs[:, 1], horizon + 0.25) + rng.uniform(-0.02, 0.02, 20)
            puffs[:, 2:] = 0.07, 0.032, 0.75
            cloud = np.clip(_dots(grid, puffs) * 1.3 - 0.35, 0, 1)
            if _flat(scene):
                cloud = np.clip(cloud * 12 - 2, 0, 1)
            _over(picture, cloud * 0.85, (252, 253, 255) if scene.sky == "day" else (188, 193, 199))
        case "sunset":
            glow = np.array([[spots[0, 0] * 0.5 + aspect * 0.25, horizon + 0.03, 0.5, 0.22, 0.7]], np.float32)
            if not _flat(scene):
                _over(picture, _dots(grid, glow), (255, 222, 138))
            _over(picture, _disc(grid, (float(glow[0, 0]), horizon + 0.03), 0.085), (255, 238, 176))
        case _:
            stripe = 0.5 + 0.5 * np.cos(grid.x * np.float32(2 * np.pi / 0.11))
            if not _flat(scene):
                picture *= (1 - 0.035 * stripe)[None, :, None]
            board = np.clip((horizon + 0.035 - grid.y) / grid.pixel + 0.5, 0, 1)
            _over(picture, np.repeat(board[:, None], grid.x.size, axis=1), (250, 246, 238))
    return picture


def _noise(rng: np.random.Generator, grid: Grid, wide: float, high: float) -> Pixels:
    """Smooth random field [h,w] in -1..1 with bumps about `wide` x `high` units."""
    lattice = rng.uniform(-1, 1, (int(1.2 / high) + 3, int(3.2 / wide) + 3)).astype(np.float32)
    row, column = grid.y / high + 0.5, (grid.x + 0.5) / wide
    down, across = np.floor(row).astype(int), np.floor(column).astype(int)
    part_y, part_x = _ease(row - down)[:, None], _ease(column - across)
    lines = lattice[down] * (1 - part_y) + lattice[down + 1] * part_y
    field: Pixels = lines[:, across] * (1 - part_x) + lines[:, across + 1] * part_x
    return field


def _ease(part: Pixels) -> Pixels:
    return part * part * (3 - 2 * part)


def _ground(scene: Scene, grid: Grid) -> Pixels:
    ground = scene.ground
    dim = {"night": 0.72, "sunset": 0.9, "overcast": 0.93}.get(scene.sky, 1.0)
    base = np.array(GROUND[ground.colour], np.float32)
    if _flat(scene):
        return np.broadcast_to(base * np.float32(dim), (grid.y.size, grid.x.size, 3))
    nearness = np.clip((ground.horizon - grid.y) / ground.horizon, 0, 1)
    light = (0.86 + 0.2 * nearness)[:, None]
    shade = (light + _texture(scene, grid)) * np.float32(dim)
    return np.multiply(shade[..., None], base, dtype=np.float32)


def _texture(scene: Scene, grid: Grid) -> Pixels:
    """How much lighter or darker the ground is [h,w], about its mean."""
    rng = stream(scene.seed, 4)
    match scene.ground.material:
        case "floor":
            return 0.06 * _tiles(scene, grid)
        case "wood":
            return 0.08 * _planks(scene, grid, rng)
        case "grass":
            return 0.10 * _noise(rng, grid, 0.016, 0.03) + 0.06 * _noise(rng, grid, 0.2, 0.08)
        case "sand":
            return 0.05 * _noise(rng, grid, 0.09, 0.025) + 0.03 * _noise(rng, grid, 0.014, 0.014)
        case "snow":
            return 0.04 * _noise(rng, grid, 0.3, 0.06)
        case _:
            return 0.07 * _noise(rng, grid, 0.12, 0.05) + 0.06 * _noise(rng, grid, 0.03, 0.02)


def _depth(scene: Scene, grid: Grid) -> Pixels:
    """How far each row [h,1] of a level floor is: 1 at the lower edge, larger towards the horizon."""
    horizon = scene.ground.horizon
    far: Pixels = ((horizon + 0.06) / np.maximum(horizon + 0.06 - grid.y, 0.03)).astype(np.float32)[:, None]
    return far


def _square_wave(position: Pixels, blur: Pixels) -> Pixels:
    """Alternates -1 and 1 each unit, edges softened over `blur` units, fading to 0 where blur is coarse."""
    wave = np.abs(position % 2 - 1) - 0.5
    soft: Pixels = np.clip(wave / np.maximum(blur, 1e-4), -1, 1) * np.clip(1.5 - blur, 0, 1)
    return soft


def _tiles(scene: Scene, grid: Grid) -> Pixels:
    depth = _depth(scene, grid)
    across = (grid.x[None, :] - np.float32(scene.aspect / 2)) * depth * 4
    wide = _square_wave(across, depth * (4 * grid.pixel))
    deep = _square_wave(depth * 5, depth**2 * (5 * grid.pixel / (scene.ground.horizon + 0.06)))
    tiles: Pixels = wide * deep
    return tiles


def _planks(scene: Scene, grid: Grid, rng: np.random.Generator) -> Pixels:
    depth = _depth(scene, grid)
    across = (grid.x[None, :] - np.float32(scene.aspect / 2)) * depth * 6
    tone = rng.uniform(-0.6, 0.6, 128).astype(np.float32)
    board = np.clip(np.floor(across) + 64, 0, 127).astype(int)
    edge = np.abs(across - np.rint(across))
    blur = np.maximum(depth * (6 * grid.pixel), 0.06)
    groove = np.clip(1 - edge / blur, 0, 1) * np.clip(0.09 / blur, 0, 1)
    boards: Pixels = tone[board] * np.clip(1.2 - depth * 0.12, 0, 1) - 1.4 * groove
    return boards
