"""A bar for people who watch: how far, how long still, the loss and the rate. Standard library alone."""

WIDTH = 24
FULL, PIECES = "█", " ▏▎▍▌▋▊▉"
CLEAR = "\r\x1b[2K"


def bar(part: float, width: int = WIDTH) -> str:
    """A bar of `width` letters, `part` (0..1) of it filled, to an eighth of a letter."""
    eighths = round(8 * width * min(max(part, 0.0), 1.0))
    whole, rest = divmod(eighths, 8)
    return (FULL * whole + PIECES[rest] * (rest > 0)).ljust(width)


def clock(seconds: float) -> str:
    """1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def line(name: str, part: float, facts: dict[str, float], elapsed_s: float, gone: float = 0.0) -> str:
    """One line: the bar, time taken and left, then step, loss and rates, as far as they are known.

    `gone` is the part that was over before the time was taken.
    """
    now = part - gone
    left = clock(elapsed_s * (1.0 - part) / now) if now > 0.005 else "?"
    words = [f"{name:<9} {100 * part:5.1f} % |{bar(part)}| {clock(elapsed_s)} + {left}"]
    shown = {
        "step": "step {:.0f}",
        "loss": "loss {:.4g}",
        "steps_per_s": "{:.3g} steps/s",
        "lr": "rate {:.2g}",
    }
    words += [form.format(facts[key]) for key, form in shown.items() if key in facts]
    return "  ".join(words)
