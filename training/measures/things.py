"""The things in a film, each followed through its frames: place, size, turn, colour and shape."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.measures.cells import unmixed
from training.measures.foreground import foreground
from training.measures.look import CELLS, Frames
from training.measures.outline import NAMES as SHAPES
from training.measures.outline import PERIOD, area_of, centre_of, crop, fit
from training.measures.palette import NAMES as COLOURS
from training.measures.palette import Pixels, paint_distances
from training.measures.place import Place
from training.measures.regions import Mask, Regions, dilate, erode, regions

Line = NDArray[np.float64]
FEWEST_PIXELS = 12
READABLE_PIXELS = 70
# Where lines hide much of what is inside, or cells are few, only larger ones show colour and shape.
COARSE_PIXELS, COARSE = 220, ("outlined", "pencil", "pixelated")
SMALLEST = 0.05  # root of the area in picture heights: flakes, drops and stars are smaller
LINES = {"pencil": ("black",), "outlined": ("black", "white")}  # paints that outlines are drawn with
FOREIGN = 40.0  # RGB distance by which another paint must be nearer than the thing's
# A frame contradicts the film's shape only if another fits so much better, the more the fewer its pixels.
MARGIN = 0.06
JUMP = 0.4  # picture heights that a thing may go from frame to frame


@dataclass(frozen=True)
class Thing:
    """One thing. Lines are NaN where it was not seen; x, y (down) and root_area are in picture heights."""

    colour: str
    shape: str
    frames: NDArray[np.int64]
    x: Line
    y: Line
    bottom: Line
    root_area: Line
    angle: Line
    whole: NDArray[np.bool_]
    steady: float
    """Share of the frames in which colour and shape can be read where they are those of the film."""
    churn: float
    """How much its inside changes from frame to frame, as a part of its brightness."""

    @property
    def radius(self) -> Line:
        """Radius of the shape at each frame, in picture heights."""
        radius: Line = self.root_area / np.sqrt(area_of(self.shape))
        return radius


@dataclass(frozen=True)
class Found:
    """The things of a film, whether a fire burns, the mask [F,H,W] of what is neither fire nor weather."""

    things: tuple[Thing, ...]
    fire: bool
    mask: Mask


@dataclass
class _Trail:
    """Regions of one thing, frame by frame, while it is being followed."""

    paint: int
    frames: list[int] = field(default_factory=list)
    regions: list[int] = field(default_factory=list)


def find_things(frames: Frames, place: Place) -> Found:
    """What is in a film [F,H,W,3]; things from left to right as they are first seen."""
    loose = foreground(frames, place)
    even, mask = unmixed(frames, loose, place) if place.style == "pixelated" else (frames, loose.copy())
    # Strings are thinner than that.
    thin = max(1, frames.shape[1] // CELLS // 2) if place.style == "pixelated" else 1
    mask &= dilate(erode(mask, thin), thin + 1)
    burning = _put_out(frames, mask)
    found, paints = _painted(even, mask, LINES.get(place.style, ()))
    trails = _follow(found, paints, frames.shape)
    fewest = COARSE_PIXELS if place.style in COARSE else READABLE_PIXELS
    things = [_read(frames, (found, paints), trail, fewest) for trail in trails]
    large = [thing for thing in things if float(np.nanmedian(thing.root_area)) > SMALLEST]
    return Found(
        tuple(sorted(large, key=lambda thing: float(thing.x[thing.frames[0]]))), burning, _large(mask)
    )


def _large(mask: Mask) -> Mask:
    """The mask without regions that are too small for things."""
    whole = regions(mask)
    kept: Mask = (whole.area > (SMALLEST * mask.shape[1]) ** 2)[whole.labels]
    return kept


def _put_out(frames: Frames, mask: Mask) -> bool:
    """Takes a fire out of the mask: what is red, orange and yellow at once. False if none burns."""
    whole = regions(mask)
    if len(whole.area) == 1:
        return False
    away = paint_distances(frames[mask].astype(np.float32))
    votes = _votes(whole.labels[mask], away.argmin(1), len(whole.area))
    share = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    red, orange, yellow = (share[:, COLOURS.index(name)] for name in ("red", "orange", "yellow"))
    burns = (red > 0.13) & (orange > 0.18) & (red + orange + yellow > 0.6) & (whole.area >= FEWEST_PIXELS)
    burns &= (red > 0.2) | (yellow > 0.02)
    burns[0] = False
    seen = set(whole.frame[burns].tolist())
    if len(seen) < max(2, 0.25 * len(frames)):
        return False
    box = [int(np.median(side[burns])) for side in (whole.left, whole.top, whole.right, whole.bottom)]
    mask[burns[whole.labels]] = False
    for frame in set(range(len(frames))) - seen:
        mask[frame, box[1] : box[3] + 1, box[0] : box[2] + 1] = False
    return True


def _painted(frames: Frames, mask: Mask, lines: tuple[str, ...]) -> tuple[Regions, NDArray[np.int64]]:
    """Regions of one paint each, and the paint of each region; `lines` are paints of outlines."""
    whole = regions(mask)
    away = paint_distances(frames[mask].astype(np.float32))
    number = whole.labels[mask]
    votes = _votes(number, away.argmin(1), len(whole.area))
    _leave_out(votes, [COLOURS.index(name) for name in lines])
    first = votes.argmax(1)
    large = whole.area >= FEWEST_PIXELS
    large[0] = False
    present = [
        paint
        for paint in range(len(COLOURS))
        if len(set(whole.frame[large & (first == paint)].tolist())) >= max(2, 0.25 * len(frames))
    ]
    chosen = _assigned(number, away, votes, present) if present else first[number]
    if not lines:
        # A string or a bright dot that touches a thing is nearer to another paint.
        chosen[away[np.arange(len(away)), chosen] > away.min(1) + FOREIGN] = -1
    stack = np.full(mask.shape, -1, np.int8)
    stack[mask] = chosen
    return _split(stack, sorted(set(chosen.tolist()) - {-1}))


def _leave_out(votes: NDArray[np.int64], lines: list[int]) -> None:
    """Drops the votes for outlines from regions that are filled with another paint."""
    if not lines:
        return
    others = [paint for paint in range(len(COLOURS)) if paint not in lines]
    filled = votes[:, others].max(1) > 0.12 * votes.sum(1)
    for paint in lines:
        votes[filled, paint] = 0


def _votes(number: NDArray[np.int32], paint: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    flat = np.bincount(number.astype(np.int64) * len(COLOURS) + paint, minlength=total * len(COLOURS))
    votes: NDArray[np.int64] = flat.reshape(total, len(COLOURS))
    return votes


def _assigned(
    number: NDArray[np.int32], away: Pixels, votes: NDArray[np.int64], present: list[int]
) -> NDArray[np.int64]:
    """The paint of each pixel: its region's, or the nearest of two where a region has much of both."""
    counts = votes[:, present].astype(np.float64)
    share = counts / np.maximum(votes.sum(1, keepdims=True), 1)
    strong = share >= 0.25
    alone = strong.sum(1) < 2
    first = votes.argmax(1)
    paint: NDArray[np.int64] = first[number]
    mixed = ~alone[number]
    barred = np.where(strong[number[mixed]], 0, 1e6).astype(np.float32)
    nearest = (away[mixed][:, present] + barred).argmin(1)
    paint[mixed] = np.array(present)[nearest]
    return paint


def _split(stack: NDArray[np.int8], paints: list[int]) -> tuple[Regions, NDArray[np.int64]]:
    """Regions of each paint by itself, in one numbering."""
    parts = [regions(stack == paint) for paint in paints]
    labels = np.zeros(stack.shape, np.int32)
    shift, columns, names = 0, [], [np.array([-1])]
    for part, paint in zip(parts, paints, strict=True):
        labels[part.labels > 0] = part.labels[part.labels > 0] + shift
        shift += len(part.area) - 1
        columns.append(np.stack([part.frame, part.area, part.x, part.y, part.left, part.top, part.right,
                                 part.bottom])[:, 1:])  # fmt: skip
        names.append(np.full(len(part.area) - 1, paint))
    table = np.concatenate([np.zeros((8, 1)), *columns], 1)
    whole = table.astype(np.int64)
    joined = Regions(labels, whole[0], whole[1], table[2], table[3], *whole[4:])
    return joined, np.concatenate(names)


def _follow(found: Regions, paints: NDArray[np.int64], shape: tuple[int, ...]) -> list[_Trail]:
    """Trails that last for at least two fifths of the film."""
    count, height = shape[:2]
    trails: list[_Trail] = []
    for frame in range(count):
        here = [int(n) for n in np.flatnonzero(found.frame == frame) if found.area[n] >= FEWEST_PIXELS and n]
        live = [trail for trail in trails if frame - trail.frames[-1] <= 4]
        costs = sorted(
            (_cost(found, paints, trail, n, frame) / height, place, n)
            for place, trail in enumerate(live)
            for n in here
        )
        taken: set[int] = set()
        used: set[int] = set()
        for cost, place, n in costs:
            if cost < JUMP and n not in taken and place not in used:
                taken.add(n)
                used.add(place)
                live[place].frames.append(frame)
                live[place].regions.append(n)
        trails += [_Trail(int(paints[n]), [frame], [n]) for n in here if n not in taken]
    return [trail for trail in trails if len(trail.frames) >= max(2, 0.4 * count)]


def _cost(found: Regions, paints: NDArray[np.int64], trail: _Trail, n: int, frame: int) -> float:
    """How unlikely it is that the region goes on with the trail, in pixels."""
    last = trail.regions[-1]
    x, y = found.x[last], found.y[last]
    if len(trail.regions) > 1 and frame - trail.frames[-2] <= 3:
        before = trail.regions[-2]
        x, y = 1.5 * x - 0.5 * found.x[before], 1.5 * y - 0.5 * found.y[before]
    other = 0.25 * found.labels.shape[1] if paints[n] != paints[last] else 0.0
    return float(np.hypot(found.x[n] - x, found.y[n] - y)) + other


def _read(film: Frames, painted: tuple[Regions, NDArray[np.int64]], trail: _Trail, fewest: int) -> Thing:
    """The thing of a trail; frames with fewer pixels of it than `fewest` do not speak of its steadiness."""
    found, paints = painted
    count, height, width = film.shape[:3]
    numbers, frames = np.array(trail.regions), np.array(trail.frames)
    x, y, area = found.x[numbers], found.y[numbers], found.area[numbers]
    covers = np.stack(
        [
            crop(found.labels[frame] == n, found.x[n], found.y[n], found.area[n])
            for frame, n in zip(frames, numbers, strict=True)
        ]
    )
    fits = fit(covers)
    inside = (found.left[numbers] > 0) & (found.right[numbers] < width - 1)
    inside &= (found.top[numbers] > 0) & (found.bottom[numbers] < height - 1)
    weight = np.where(inside, 1.0, 0.05) * np.minimum(area, 600.0)
    best = int((weight[:, None] * fits.overlap).sum(0).argmax())
    colour = np.bincount(paints[numbers], area).argmax()
    # Of what is always small, the larger half of its frames has to speak.
    usual = float(np.median(area[inside])) if inside.any() else 0.0
    readable = inside & (area >= min(fewest, max(READABLE_PIXELS, usual)))
    margin = MARGIN * np.sqrt(np.maximum(3 * fewest / area, 1))
    same = (paints[numbers] == colour) & (fits.overlap[:, best] > fits.overlap.max(1) - margin)
    steady = float(same[readable].mean()) if readable.any() else 1.0
    radius = np.sqrt(area / area_of(SHAPES[best]))
    right, up = centre_of(SHAPES[best], fits.angle[:, best])
    x, y = x - radius * right, y + radius * up
    lines = np.full((5, count), np.nan)
    lines[:, frames] = (
        (x + 0.5) / height,
        (y + 0.5) / height,
        (found.bottom[numbers] + 1) / height,
        np.sqrt(area) / height,
        _unwrapped(fits.angle[:, best], PERIOD[SHAPES[best]]),
    )
    whole = np.zeros(count, bool)
    whole[frames] = inside
    churn = _churn(film, frames, np.stack([x, y, radius]), SHAPES[best])
    x, y, bottom, root_area, angle = lines
    return Thing(COLOURS[colour], SHAPES[best], frames, x, y, bottom, root_area, angle, whole, steady, churn)


def _churn(film: Frames, numbers: NDArray[np.int64], circle: Line, shape: str) -> float:
    """How far brightness on a circle [3,n] (x, y, radius) inside the thing wanders, as a part of itself."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y, radius = circle[..., None]
    reach = 0.74 if shape == "ring" else 0.55
    column = np.clip(np.rint(x + reach * radius * np.cos(turn)), 0, film.shape[2] - 1).astype(int)
    row = np.clip(np.rint(y + reach * radius * np.sin(turn)), 0, film.shape[1] - 1).astype(int)
    light = film[numbers[:, None], row, column].mean(-1)
    # Not the extremes: a flake that passes by is no change of the thing.
    low, high = np.quantile(light, (0.12, 0.88), axis=0)
    return float((high - low).mean() / (light.mean() + 20)) / 2


def _unwrapped(angle: Pixels, period: float) -> Line:
    """The angle going on smoothly where it passes the shape's period."""
    return np.unwrap(angle.astype(np.float64), period=period) if period else np.zeros(len(angle))
