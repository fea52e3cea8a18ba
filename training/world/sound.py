"""The sound of a film: hits are decaying tones and bursts of noise, motions murmur, the air is faint."""

import numpy as np

from training.world import waves
from training.world.ambience import surroundings
from training.world.music import music
from training.world.physics import simulate
from training.world.scene import Object, Scene, stream
from training.world.tracks import State, Track
from training.world.waves import CONTROL, Wave

RATE = waves.RATE
PEAK = 0.9
# Partials as (frequency ratio, level, decay in seconds), and the pitch in Hz of a medium one.
VOICES: dict[str, tuple[float, tuple[tuple[float, float, float], ...]]] = {
    "ball": (190.0, ((1.0, 1.0, 0.10), (1.52, 0.35, 0.06), (2.9, 0.12, 0.03))),
    "square": (330.0, ((1.0, 1.0, 0.06), (2.72, 0.5, 0.04), (5.2, 0.25, 0.02))),
    "triangle": (920.0, ((1.0, 0.8, 0.30), (2.76, 0.6, 0.22), (5.4, 0.3, 0.14))),
    "star": (660.0, ((1.0, 0.9, 0.28), (2.0, 0.6, 0.20), (3.01, 0.4, 0.14), (4.2, 0.25, 0.10))),
    "diamond": (1250.0, ((1.0, 0.8, 0.14), (2.32, 0.6, 0.10), (4.25, 0.4, 0.07))),
    "ring": (540.0, ((1.0, 0.9, 0.40), (2.83, 0.6, 0.28), (5.42, 0.3, 0.18))),
    "heart": (120.0, ((1.0, 1.0, 0.09), (1.9, 0.25, 0.05))),
    "cross": (470.0, ((1.0, 1.0, 0.09), (1.98, 0.5, 0.06), (3.9, 0.2, 0.03))),
}
PITCH = {"small": 1.45, "medium": 1.0, "large": 0.7}
# How long tones ring on it, how loud and how dull (samples held) its noise is, and its own tone in Hz.
GROUNDS: dict[str, tuple[float, float, int, float]] = {
    "floor": (1.0, 0.35, 4, 0.0),
    "wood": (0.8, 0.35, 10, 175.0),
    "stone": (1.1, 0.45, 2, 0.0),
    "grass": (0.4, 0.55, 16, 0.0),
    "sand": (0.3, 0.8, 8, 0.0),
    "snow": (0.3, 0.6, 24, 0.0),
}
AIR = {
    "day": (0.004, 48),
    "night": (0.003, 6),
    "sunset": (0.004, 64),
    "overcast": (0.009, 64),
    "room": (0.0015, 24),
}


def samples(scene: Scene) -> int:
    """Length of the film's sound at 48 kHz: exactly as long as the picture."""
    return scene.frames * RATE // scene.fps


def synthesize(scene: Scene) -> Wave:
    """The sound of the film, mono at 48 kHz, float32 [frames / fps x 48000], within -0.9..0.9."""
    total = samples(scene)
    rng = stream(scene.seed, 2)
    level, hold = AIR[scene.sky]
    wave: Wave = level * waves.noise(rng, total, hold)
    for thing, track in zip(scene.objects, simulate(scene), strict=True):
        _murmur(scene, thing, track, rng, wave)
        if track.impacts:
            hit = _hit(scene, thing, rng)
            for impact in track.impacts:
                start = round(impact.time_s * RATE)
                if start < total:
                    part = hit[: total - start]
                    loud = 0.12 + 0.88 * impact.strength
                    wave[start : start + part.size] += np.float32(0.6 * loud) * part
    wave += surroundings(scene, total)
    wave += music(scene, total)
    highest = float(np.abs(wave).max())
    return wave if highest <= PEAK else wave * np.float32(PEAK / highest)


def _hit(scene: Scene, thing: Object, rng: np.random.Generator) -> Wave:
    """One hit at full strength, peak 1."""
    pitch, partials = VOICES[thing.shape]
    ring, noise, hold, own = GROUNDS[scene.ground.material]
    longest = max(decay for _, _, decay in partials) * ring
    time = np.arange(int(RATE * min(0.9, 5 * longest) + 2400), dtype=np.float32) / RATE
    base = pitch * PITCH[thing.size] * float(rng.uniform(0.96, 1.04))
    wave: Wave = noise * waves.noise(rng, time.size, hold) * np.exp(time / np.float32(-0.012))
    if own:
        wave += 0.5 * np.sin(time * np.float32(2 * np.pi * own)) * np.exp(time / np.float32(-0.05))
    for ratio, level, decay in partials:
        # Rubber and soft things fall in pitch as they spring back.
        glide = np.float32(0.25 if thing.shape in ("ball", "heart") else 0.0)
        phase = time - glide * np.float32(0.03) * np.expm1(time / np.float32(-0.03))
        tone = np.sin(phase * np.float32(2 * np.pi * base * ratio))
        wave += np.float32(level) * tone * np.exp(time / np.float32(-decay * ring))
    wave /= np.abs(wave).max()
    wave[-480:] *= np.linspace(1, 0, 480, dtype=np.float32)
    return wave


def _murmur(scene: Scene, thing: Object, track: Track, rng: np.random.Generator, wave: Wave) -> None:
    """Adds what the thing's motion sounds like between hits."""
    points = np.arange(wave.size // CONTROL + 2) * (CONTROL / RATE)
    state: State = track.at(points)
    base = VOICES[thing.shape][0] * PITCH[thing.size]
    match thing.motion:
        case "roll" | "slide" | "collide":
            rough = GROUNDS[scene.ground.material][1]
            hold = 40 if thing.motion == "roll" else 6
            loud = np.minimum(state.speed, 1.0) * (0.28 if thing.motion == "roll" else 0.11) * (0.7 + rough)
            if thing.motion == "roll":
                loud = loud * (0.75 + 0.25 * np.cos(2 * state.angle))
            wave += waves.noise(rng, wave.size, hold) * waves.stretch(loud, wave.size)
        case "spin":
            beat = 0.5 + 0.5 * np.cos(2 * state.angle)
            wave += waves.noise(rng, wave.size, 12) * waves.stretch(0.02 + 0.07 * beat, wave.size)
            hum = waves.tone(np.full_like(points, 90 + 25 * thing.speed), wave.size)
            whirr = 0.06 + 0.035 * np.sin(2 * np.pi * (9 + 3 * thing.speed) * points)
            wave += hum * waves.stretch(whirr, wave.size)
        case "rise" | "grow" | "shrink":
            drive = state.y if thing.motion == "rise" else 2 - state.scale
            active = np.convolve(np.minimum(state.speed, 0.3) / 0.3, np.ones(9) / 9, "same")
            wave += waves.tone(base**0.5 * 14 * (0.7 + 0.6 * drive), wave.size) * waves.stretch(
                0.13 * active, wave.size
            )
        case "swing":
            loud = 0.10 * np.minimum(state.speed / 0.8, 1.5) ** 2
            wave += waves.noise(rng, wave.size, 10) * waves.stretch(loud, wave.size)
        case _:
            return
