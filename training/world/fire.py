"""A little camp fire on the ground: where it has room, and how it looks."""

from dataclasses import dataclass

import numpy as np

from training.world import view
from training.world.boxes import Box, Frames, Pixels, boxes, lay
from training.world.physics import simulate
from training.world.scene import Scene, stream
from training.world.view import Camera, Canvas, Line

RADIUS = 0.085
CLEAR = 0.085
BEHIND = 0.035
REACH = 2.2
WOOD = (104, 68, 40)
TIP, BODY, CORE = (226, 62, 24), (255, 140, 24), (255, 226, 110)


def room_for(scene: Scene, chance: float, anyhow: bool) -> float | None:
    """x of a fire beside all that moves, or None where there is no room; `anyhow`: the roomier side then."""
    times = np.linspace(0, scene.duration_s, 60)
    left, right = scene.aspect, 0.0
    for thing, track in zip(scene.objects, simulate(scene), strict=True):
        state = track.at(times)
        reach = thing.radius * 1.1 * state.scale
        left = min(left, float((state.x - reach).min()))
        right = max(right, float((state.x + reach).max()))
    room = left - 2 * CLEAR, scene.aspect - right - 2 * CLEAR
    if max(room) < 0 and not anyhow:
        return None
    # Near the things rather than far away, for "beside" to be true.
    offset = CLEAR + min(0.3, max(0.0, *room)) * chance
    x = left - offset if room[0] > room[1] else right + offset
    return float(np.clip(x, CLEAR, scene.aspect - CLEAR))


@dataclass(frozen=True)
class _Flicker:
    """How a fire sways: phases [4] of its own."""

    phases: Line

    def sway(self, height: Pixels, times: Pixels) -> Pixels:
        one, two = self.phases[:2].astype(np.float32)
        wave: Pixels = np.sin(9 * times - 4 * height + one) + 0.6 * np.sin(15 * times - 7 * height + two)
        return np.float32(0.17) * height * wave

    def tall(self, times: Pixels) -> Pixels:
        one, two = self.phases[2:].astype(np.float32)
        tall: Pixels = 1 + 0.10 * np.sin(11 * times + one) + 0.07 * np.sin(19 * times + two)
        return tall


def burn(scene: Scene, canvas: Canvas, cam: Camera, times: Line, film: Frames) -> None:
    """Draws the scene's fire into the film, if it has one."""
    if scene.fire is None:
        return
    flicker = _Flicker(stream(scene.seed, 7).uniform(0, 2 * np.pi, 4))
    across = RADIUS * cam.zoom * view.columns_per_unit(scene, canvas)
    down = RADIUS * cam.zoom * view.rows_per_unit(canvas)
    column = view.to_columns(scene, canvas, cam, np.full_like(times, scene.fire))
    row = view.to_rows(canvas, cam, np.full_like(times, scene.ground.stand + BEHIND + RADIUS))
    for box in boxes(canvas, column, row, np.stack([across * REACH, down * REACH, across, down], 1)):
        seconds = times[box.frames].astype(np.float32)[:, None, None]
        sharp = down[box.frames].astype(np.float32)[:, None, None]
        if scene.style not in ("flat", "outlined"):
            lay(film, box, np.array(BODY, np.float32), _glow(scene, box) * flicker.tall(2 * seconds))
        for slope in (-0.28, 0.28):
            lay(film, box, np.array(WOOD, np.float32), _log(box, slope, sharp))
        flame, colour = _flame(box, flicker, seconds, sharp)
        lay(film, box, colour, flame)


def _glow(scene: Scene, box: Box) -> Pixels:
    far = np.exp(-1.1 * box.x[:, None, :] ** 2) * np.exp(-1.1 * box.y[:, :, None] ** 2)
    glow: Pixels = np.maximum(far - np.float32(0.02), 0) * np.float32(0.5 if scene.sky == "night" else 0.25)
    return glow


def _log(box: Box, slope: float, sharp: Pixels) -> Pixels:
    x, y = box.x[:, None, :], box.y[:, :, None] + np.float32(0.88)
    away = np.maximum(np.abs(y - slope * x) - np.float32(0.1), np.abs(x) - np.float32(0.75))
    cover: Pixels = np.clip(np.float32(0.5) - away * sharp, 0, 1)
    return cover


def _flame(box: Box, flicker: _Flicker, seconds: Pixels, sharp: Pixels) -> tuple[Pixels, Pixels]:
    """Cover [N,h,w] and colour [N,h,w,3]: yellow within, red at the tips."""
    height = np.clip((box.y[:, :, None] + np.float32(0.85)) / (2.2 * flicker.tall(seconds)), 0, 1)
    half = np.float32(1.6) * np.sqrt(height) * (1 - height) ** np.float32(0.9)
    offset = np.abs(box.x[:, None, :] - flicker.sway(height, seconds))
    cover = np.clip((half - offset) * sharp + np.float32(0.5), 0, 1) * ((height > 0) & (height < 1))
    inner = np.clip(1 - offset / np.maximum(half, 1e-3) - np.float32(0.5) * height, 0, 1)[..., None]
    tip, body, core = (np.array(tone, np.float32) for tone in (TIP, BODY, CORE))
    low = np.minimum(inner / np.float32(0.35), 1)
    high = np.clip((inner - np.float32(0.35)) * 4, 0, 1)
    colour: Pixels = tip + (body - tip) * low + (core - body) * high
    return cover.astype(np.float32), colour
