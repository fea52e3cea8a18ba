"""One film through the public API, with its progress on the terminal."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

POLL_S = 0.5


@dataclass(frozen=True)
class Order:
    """Fields of the request."""

    prompt: str
    size: str
    seconds: int
    fps: int
    seed: int | None


def make_film(url: str, order: Order, folder: Path, meanwhile: Callable[[], None]) -> bool:
    """Submit ``order``, follow it, write ``<folder>/<video id>.mp4``; False if it failed, having said why.

    ``meanwhile`` is called again and again.
    """
    console = Console(soft_wrap=True)
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        answer = client.post("/v1/videos", json={k: v for k, v in asdict(order).items() if v is not None})
        if answer.is_error:
            console.print(f"refused: {answer.json()['error']['message']}", style="red", markup=False)
            return False
        video = _follow(client, answer.json()["id"], console, meanwhile)
        if video["status"] != "completed":
            console.print(f"failed: {video['error']['message']}", style="red", markup=False)
            return False
        path = _download(client, video["id"], folder)
    for line in _facts(video):
        console.print(line, markup=False, highlight=False)
    console.print(str(path), markup=False, highlight=False)
    return True


def _follow(
    client: httpx.Client, video_id: str, console: Console, meanwhile: Callable[[], None]
) -> dict[str, Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("queued", total=100)
        while True:
            video = _retrieve(client, video_id)
            if video is not None:
                progress.update(bar, completed=video["progress"], description=_describe(video))
                if not console.is_terminal:
                    line = f"{video['progress']:3d}%  {_describe(video)}"
                    progress.console.print(line, markup=False, highlight=False)
                if video["status"] in ("completed", "failed"):
                    return video
            for _ in range(1 if console.is_terminal else 5):
                meanwhile()
                time.sleep(POLL_S)


def _retrieve(client: httpx.Client, video_id: str) -> dict[str, Any] | None:
    """The video; None while the gateway or what is behind it does not answer."""
    try:
        answer = client.get(f"/v1/videos/{video_id}")
    except httpx.TransportError:
        return None
    if answer.is_server_error:
        return None
    video: dict[str, Any] = answer.raise_for_status().json()
    return video


def _describe(video: dict[str, Any]) -> str:
    if video["status"] != "in_progress":
        position = video.get("queue_position")
        return str(video["status"]) + (f", position {position}" if position is not None else "")
    if video.get("stage") is None:
        return "starting"
    eta = "" if video.get("eta_s") is None else f", about {video['eta_s']:.0f} s left"
    return f"{video['stage']} {video['step']} of {video['total_steps']}{eta}"


def _download(client: httpx.Client, video_id: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{video_id}.mp4"
    with client.stream("GET", f"/v1/videos/{video_id}/content") as answer, path.open("wb") as file:
        answer.raise_for_status()
        for block in answer.iter_bytes():
            file.write(block)
    return path


def _facts(video: dict[str, Any]) -> Iterator[str]:
    facts = video["facts"]
    took = video["completed_at"] - video["created_at"]
    yield (
        f"picture  {facts['width']}x{facts['height']} {facts['video_codec']} {facts['pixel_format']}, "
        f"{facts['frames']} frames at {facts['fps']:g} fps = {facts['duration_s']:.3f} s"
    )
    sound = facts["sound"]
    if sound:
        lufs = sound["loudness_lufs"]
        loudness = "silent" if lufs is None else f"{lufs:.1f} LUFS"
        yield (
            f"sound    {sound['codec']} {sound['sample_rate_hz']} Hz, {sound['duration_s']:.3f} s, "
            f"{loudness}, ends {facts['av_offset_s'] * 1000:+.1f} ms from the picture"
        )
    yield f"file     {facts['size_bytes'] / 1e6:.2f} MB, made in {took:.0f} s, seed {video['seed']}"
