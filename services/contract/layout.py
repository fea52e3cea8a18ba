"""What a layout says: which things a film shows, and where they are in each of its latent frames.

A layout is float32 [SLOTS, T, COLUMNS]: for each thing, and last for the ground, a row for each latent frame.
Places are in heights of the picture from its middle, x to the right and y up; MOMENTS are spread evenly over
the frames of a latent. All columns are scaled to deviations of about one, as noise has.
"""

THINGS = 3
SLOTS = THINGS + 1
GROUND = THINGS
"""The slot of the ground: its place is where the horizon meets the middle of the scene, its radius a tenth of
the camera's zoom."""
MOMENTS = 4
KINDS = 10
"""Shapes, then a figure, then the ground."""
COLOURS = 9


def _after(columns: slice, count: int) -> slice:
    return slice(columns.stop, columns.stop + count)


THERE = slice(0, 1)
"""1 for a thing that is there, -1 for none, whose other columns are -1 (kind, colour) and 0."""
KIND = _after(THERE, KINDS)
COLOUR = _after(KIND, COLOURS)
LOOKS = slice(KIND.start, COLOUR.stop)
X = _after(COLOUR, MOMENTS)
Y = _after(X, MOMENTS)
RADIUS = _after(Y, MOMENTS)
COSINE = _after(RADIUS, MOMENTS)
SINE = _after(COSINE, MOMENTS)
COLUMNS = SINE.stop

PLACE_SCALE = 2.0
RADIUS_SCALE, RADIUS_MIDDLE = 10.0, 0.1
