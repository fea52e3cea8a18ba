"""Times of the sampling steps: from 0 (noise) to 1 (data)."""


def linear(steps: int) -> list[float]:
    """``steps`` + 1 evenly spaced times. Raises ValueError if ``steps`` is not positive."""
    if steps < 1:
        raise ValueError(f"a schedule has at least 1 step, not {steps}")
    return [i / steps for i in range(steps + 1)]


def linear_quadratic(steps: int, linear_steps: int | None = None, n: int = 250) -> list[float]:
    """``steps`` + 1 times: the first ``linear_steps`` of an ``n``-step linear schedule, then a quadratic.

    The quadratic goes on with the slope of the linear part and ends at 1 (paper, section 3.4.2; the exact
    form is not published). ``linear_steps`` is half of the steps by default. A single step is linear.

    Raises ValueError if ``steps`` is not 1 to ``n``, or ``linear_steps`` not 1 to ``steps`` - 1.
    """
    if not 1 <= steps <= n:
        raise ValueError(f"a linear-quadratic schedule has 1 to {n} steps, not {steps}")
    if steps == 1:
        return linear(1)
    head = steps // 2 if linear_steps is None else linear_steps
    if not 1 <= head < steps:
        raise ValueError(f"of {steps} steps 1 to {steps - 1} can be linear, not {head}")
    tau, rest = head / n, steps - head
    d = head - tau * steps
    a = d / (head * rest**2)
    b = tau / head - 2 * d / rest**2
    c = a * head**2
    return [i * tau / head if i < head else a * i * i + b * i + c for i in range(steps)] + [1.0]
