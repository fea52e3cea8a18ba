"""Peak memory of the worker for films of 4 and 16 s at 1920x1080, in one run of the whole stack.

Few denoising steps: the worker only waits for them. What counts is the picture's way through it.
"""

import tempfile
import time
from pathlib import Path

import httpx

from services.local.ports import free_ports
from services.local.stack import Stack, running_stack

MIB = 2**20


def main() -> None:
    """Print both peaks and their ratio."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder, running_stack(port, Path(folder), print) as stack:
        peaks = {seconds: peak_bytes(stack, seconds) for seconds in (4, 16)}
    for seconds, peak in peaks.items():
        print(f"{seconds:2d} s of 1920x1080: worker peak {peak / MIB:.0f} MiB, shared memory included")
    print(f"ratio 16 s : 4 s = {peaks[16] / peaks[4]:.3f}")


def peak_bytes(stack: Stack, seconds: int) -> int:
    """Highest resident size of the worker while it makes one film."""
    proc = Path(f"/proc/{stack.supervisor.pids['worker']}")
    (proc / "clear_refs").write_text("5")
    fields = {"prompt": "a red ball bouncing on a blue floor", "seconds": seconds, "num_inference_steps": 2}
    with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
        video = client.post("/v1/videos", json=fields).raise_for_status().json()
        while video["status"] in ("queued", "in_progress"):
            time.sleep(0.5)
            video = client.get(f"/v1/videos/{video['id']}").raise_for_status().json()
    if video["status"] != "completed":
        raise SystemExit(f"the film failed: {video['error']}")
    lines = (proc / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
