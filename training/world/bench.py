"""How fast clips are made: `python -m training.world.bench [WORKERS]`. Prints, judges nothing."""

import sys
from time import perf_counter

from training.world.chance import Film, sample_scene
from training.world.render import render
from training.world.sound import synthesize
from training.world.stream import ClipStream, Programme

CLIPS = 80


def main(workers: int) -> None:
    """Clips of 32 frames of 256x144 a second, in this process and from the stream."""
    scenes = [sample_scene(seed, Film()) for seed in range(CLIPS)]
    start = perf_counter()
    for scene in scenes:
        render(scene, 144, 256)
    drawn = perf_counter()
    for scene in scenes:
        synthesize(scene)
    heard = perf_counter()
    print(f"one process: {CLIPS / (drawn - start):.0f} pictures/s, {CLIPS / (heard - drawn):.0f} sounds/s")
    with ClipStream(Programme(sizes=((256, 144),), rates=(16,), group=16), workers) as clips:
        batches = clips.batches()
        next(batches)
        start = perf_counter()
        for _ in range(16):
            next(batches)
        print(f"stream of {workers} workers: {256 / (perf_counter() - start):.0f} clips/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
