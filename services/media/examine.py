"""Decodes an upload in a process of its own, which limits itself before it looks at the file.

    python -m services.media.examine FILE MIME MAX_PIXELS MEMORY_BYTES CPU_S

One line of JSON on standard output: ``{"verdict": "good", "width": W, "height": H}``, or another ``Verdict``
with a message. Ends by a signal, or with no output, where a limit was hit.
"""

import json
import resource
import sys
from pathlib import Path

from services.contract.errors import InputError
from services.media.headers import read_header
from services.media.probe import Verdict
from services.media.still import decode_still


def examine_picture(path: Path, mime: str, max_pixels: int) -> dict[str, object]:
    """Check and decode a picture; nothing whose header is at fault is decoded. Raises InputError."""
    data = path.read_bytes()
    header = read_header(mime, data)
    width, height = header.upright
    if width * height > max_pixels:
        message = f"the picture has {width}x{height} pixels; at most {max_pixels} are taken"
        return {"verdict": Verdict.TOO_LARGE, "message": message}
    if header.animated:
        return {"verdict": Verdict.ANIMATED, "message": "the picture is animated; a still one is wanted"}
    decode_still(mime, data, header, max_pixels)
    return {"verdict": Verdict.GOOD, "width": width, "height": height}


def limit(memory_bytes: int, cpu_s: int) -> None:
    """Bound what this process may ever take; it can write no file and start no process."""
    bounds = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 16,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, bound in bounds.items():
        resource.setrlimit(kind, (bound, bound))


def main(arguments: list[str]) -> None:
    path, mime, max_pixels, memory_bytes, cpu_s = arguments
    limit(int(memory_bytes), int(cpu_s))
    try:
        found = examine_picture(Path(path), mime, int(max_pixels))
    except InputError as error:
        found = {"verdict": Verdict.BROKEN, "message": error.message}
    except MemoryError:
        found = {"verdict": Verdict.TOO_LARGE, "message": "the picture takes too much memory to decode"}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
