"""When a delivery that failed is tried again: 5 s, 20 s, 80 s, ... later, at last every six hours.

Eleven tries over 25.6 h. Each pause is drawn from 80 % to 120 % of its length, so that what failed together
does not come back together.
"""

MAX_TRIES = 11
FIRST_S, FACTOR, LONGEST_S = 5.0, 4.0, 6 * 3600.0
JITTER = 0.2


def pause_s(tries: int, draw: float) -> float | None:
    """Seconds to wait after ``tries`` failed ones, ``draw`` being random in [0, 1); None after the last."""
    if tries >= MAX_TRIES:
        return None
    pause = min(LONGEST_S, FIRST_S * FACTOR ** (tries - 1))
    return pause * (1 - JITTER + 2 * JITTER * draw)
