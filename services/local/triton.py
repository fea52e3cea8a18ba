"""The embedded Triton: the server binary of the nvidia-pytriton wheel on our model repository."""

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import httpx

from services.contract.errors import ConfigurationError
from services.local.supervisor import Part

SHM = Path("/dev/shm")
DEBIAN_LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
_STUB = "triton_python_backend_stub"


def triton_part(model_repository: Path, folder: Path, ports: tuple[int, int, int]) -> Part:
    """Triton on 127.0.0.1 at ``ports`` (gRPC, HTTP, metrics); ``folder`` is for its copy of the backend.

    Raises ConfigurationError where this machine or Python cannot run it, or the wheel is not installed.
    """
    server = triton_folder()
    grpc, http, metrics = ports
    shm_prefix = f"moviola_triton_{sha256(bytes(folder.resolve())).hexdigest()[:12]}_"
    options = {
        "model-repository": model_repository.resolve(),
        "backend-directory": prepare_backends(server, folder),
        "model-control-mode": "none",
        "grpc-address": "127.0.0.1",
        "grpc-port": grpc,
        "http-address": "127.0.0.1",
        "http-port": http,
        "metrics-address": "127.0.0.1",
        "metrics-port": metrics,
        "allow-gpu-metrics": "false",
        "exit-timeout-secs": 5,
        "log-info": "false",
    }
    argv = [
        str(server / "bin" / "tritonserver"),
        "--disable-auto-complete-config",
        f"--backend-config=python,shm-region-prefix-name={shm_prefix}",
        *(f"--{key}={value}" for key, value in options.items()),
    ]
    # ONNX Runtime would otherwise tell its makers which models are loaded.
    env = {**_environment((_bundled(server), python_libraries())), "ORT_DISABLE_TELEMETRY": "1"}
    return Part(
        "triton",
        argv,
        lambda: triton_ready(f"127.0.0.1:{http}"),
        env,
        start_s=180,
        clean=lambda: _remove(shm_prefix),
        ailment=lambda pid: "lost the process of a model" if lost_a_stub(pid) else None,
    )


def lost_a_stub(pid: int) -> bool:
    """Whether a model of the Triton ``pid`` has no process left: a child that ended, and nobody asked how.

    Triton goes on, and answers for that model with errors only.
    """
    lists = [_read(path) for path in Path(f"/proc/{pid}/task").glob("*/children")]
    stats = [_read(Path(f"/proc/{child}/stat")) for child in " ".join(lists).split()]
    # Of the command's name, in brackets, the kernel keeps 15 letters; the state follows.
    return any(f"({_STUB[:15]}) Z" in stat for stat in stats)


def _remove(shm_prefix: str) -> None:
    for region in SHM.glob(f"{shm_prefix}*"):
        region.unlink(missing_ok=True)


def _read(path: Path) -> str:
    """What is in a file of /proc; nothing if its process has gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def triton_ready(http_address: str) -> bool:
    """Whether the Triton whose HTTP is at ``host:port`` has all its models ready."""
    try:
        answer = httpx.get(f"http://{http_address}/v2/health/ready", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def triton_folder() -> Path:
    """The server's folder within the wheel. Raises ConfigurationError where there can be none or is none."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise ConfigurationError(
            f"the embedded Triton runs on Linux x86-64 only, not on {sys.platform} {platform.machine()}: "
            "set TRITON_URL to a Triton elsewhere, or use the containers of docker/compose.yaml"
        )
    spec = importlib.util.find_spec("pytriton")
    folder = Path(spec.origin).parent / "tritonserver" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "tritonserver").exists():
        raise ConfigurationError("the nvidia-pytriton package is not installed: run make, or set TRITON_URL")
    return folder


def python_libraries() -> Path:
    """The folder of a shared library of this Python's version, against which the backend's stub links.

    Raises ConfigurationError where this Python was built without one and Debian's is not installed.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = f"libpython{version}.so.1.0"
    own = Path(sysconfig.get_config_var("LIBDIR") or sys.base_prefix)
    for folder in (own, DEBIAN_LIBRARIES):
        if (folder / name).exists():
            return folder
    raise ConfigurationError(
        f"Triton's Python backend needs {name}, which this Python ({sys.executable}) does not have: "
        f"install libpython{version} (Debian, Ubuntu), or a Python built with --enable-shared"
    )


def prepare_backends(server: Path, folder: Path) -> Path:
    """Copy the Python backend to ``folder``/backends, with the stub of this Python's version.

    Raises ConfigurationError where the wheel has no stub for it.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server / "python_backend_stubs" / version / _STUB
    if not stub.exists():
        raise ConfigurationError(f"the embedded Triton has no backend for Python {version}: use 3.11 to 3.13")
    target = folder / "backends"
    shutil.copytree(server / "backends" / "python", target / "python", dirs_exist_ok=True)
    # A new file by rename: the old one cannot be written while a stub of an earlier server still runs it.
    fresh = target / "python" / f"{_STUB}.new"
    shutil.copy2(stub, fresh)
    fresh.replace(target / "python" / _STUB)
    return target.resolve()


def _bundled(server: Path) -> Path:
    return server.parents[1] / "nvidia_pytriton.libs"


def _environment(libraries: Sequence[Path]) -> Mapping[str, str]:
    # The stub's Python ignores PYTHON* variables: it takes its packages from the first python3 of PATH.
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
    }
