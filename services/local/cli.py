"""``moviola``: the embedded stack on the command line."""

import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from services.contract.errors import ConfigurationError
from services.local.demo import Order, make_film
from services.local.ports import free_ports
from services.local.stack import default_data_dir, running_stack
from services.settings import GatewaySettings

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.command()
def serve() -> None:
    """Run the stack in the foreground until Ctrl-C or SIGTERM."""
    _stop_on_signals()
    data_dir = default_data_dir()
    with suppress(KeyboardInterrupt), running_stack(GatewaySettings().port, data_dir, _say) as stack:
        _say(f"ready: {stack.url}/v1  (state in {data_dir}, logs in {data_dir / 'logs'})")
        stack.supervisor.watch()


@app.command()
def demo(
    prompt: Annotated[str, typer.Argument(help="what the film shows")],
    size: Annotated[str, typer.Option(help="WIDTHxHEIGHT")] = "1920x1080",
    seconds: Annotated[int, typer.Option(help="length of the film")] = 4,
    fps: Annotated[int, typer.Option(help="frames per second: 16 or 24")] = 16,
    seed: Annotated[int | None, typer.Option(help="the same seed gives the same film")] = None,
    output: Annotated[Path, typer.Option(help="folder for the film")] = Path("outputs"),
) -> None:
    """Start the stack, make one film through its API, stop the stack."""
    _stop_on_signals()
    _say("starting Redis, Triton, worker and gateway ...")
    (port,) = free_ports(1)
    order = Order(prompt=prompt, size=size, seconds=seconds, fps=fps, seed=seed)
    with running_stack(port, default_data_dir(), _say) as stack:
        made = make_film(stack.url, order, output, meanwhile=stack.supervisor.mend)
    if not made:
        raise typer.Exit(1)


def main() -> None:
    """Entry point: configuration errors end with one line, Ctrl-C with exit code 130."""
    try:
        app()
    except ConfigurationError as error:
        sys.exit(f"moviola: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _stop_on_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # The first one stops the stack; a second must not leave it half stopped.
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    _say("stopping")
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(f"moviola: {line}", flush=True)
