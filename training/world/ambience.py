"""What is heard all around: rain, a fire's crackle, crickets at night, the sea at a beach."""

import numpy as np

from training.world.scene import Scene, stream
from training.world.waves import RATE, Wave, noise, stretch


def surroundings(scene: Scene, count: int) -> Wave:
    """The sound [count] of weather, fire and place; silence in a room."""
    rng = stream(scene.seed, 10)
    wave = np.zeros(count, np.float32)
    if scene.weather == "rain":
        _rain(rng, wave)
    elif scene.sky == "night":
        _crickets(rng, wave)
    if scene.fire is not None:
        _fire(rng, wave)
    if scene.ground.material == "sand" and scene.sky != "room":
        _sea(rng, wave)
    return wave


def _add(wave: Wave, piece: Wave, start: int, level: float) -> None:
    part = piece[: wave.size - start]
    wave[start : start + part.size] += np.float32(level) * part


def _rain(rng: np.random.Generator, wave: Wave) -> None:
    """A hiss of many drops, and single ones near by."""
    hiss = noise(rng, wave.size, 2)
    # What comes from far is high: a difference takes away the low half of the noise.
    hiss[1:] -= np.float32(0.85) * hiss[:-1]
    wave += np.float32(0.04) * hiss
    drop = noise(rng, 360, 2) * np.exp(np.arange(360, dtype=np.float32) / np.float32(-70))
    for start, level in zip(*_times(rng, wave.size, 45.0), strict=True):
        _add(wave, drop, start, 0.01 + 0.02 * level)


def _fire(rng: np.random.Generator, wave: Wave) -> None:
    """Pops of many sizes over a low flutter."""
    flutter = 0.5 + 0.5 * np.abs(rng.standard_normal(wave.size // 2400 + 2))
    wave += np.float32(0.010) * noise(rng, wave.size, 56) * stretch(flutter.repeat(10), wave.size)
    pop = noise(rng, 960, 5) * np.exp(np.arange(960, dtype=np.float32) / np.float32(-140))
    for start, level in zip(*_times(rng, wave.size, 20.0), strict=True):
        _add(wave, pop, start, 0.012 + 0.055 * level**2)


def _times(rng: np.random.Generator, count: int, rate: float) -> tuple[list[int], list[float]]:
    """Random starts, `rate` a second, and a number in 0..1 for each."""
    number = round(count * rate / RATE) + 1
    return rng.integers(0, count, number).tolist(), rng.random(number).tolist()


def _crickets(rng: np.random.Generator, wave: Wave) -> None:
    """Three quick chirps, twice a second."""
    time = np.arange(int(0.11 * RATE), dtype=np.float32) / RATE
    pulses = np.maximum(np.sin(time * np.float32(2 * np.pi * 27.3)), 0)
    chirp = pulses * np.sin(time * np.float32(2 * np.pi * rng.uniform(4000, 4600)))
    step = round(rng.uniform(0.42, 0.6) * RATE)
    for start in range(int(rng.integers(step)), wave.size, step):
        _add(wave, chirp, start, 0.008)


def _sea(rng: np.random.Generator, wave: Wave) -> None:
    """Waves that come and go."""
    points = np.arange(wave.size // 240 + 2) / 200
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * (points / rng.uniform(2.5, 4.0) + rng.random()))
    wave += np.float32(0.014) * noise(rng, wave.size, 9) * stretch(swell**2, wave.size)
