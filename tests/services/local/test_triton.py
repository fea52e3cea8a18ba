import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from services.local import triton
from services.local.triton import (
    lost_a_stub,
    prepare_backends,
    python_libraries,
    triton_folder,
    triton_part,
    triton_ready,
)

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_all_doors_are_on_loopback(tmp_path: Path) -> None:
    part = triton_part(tmp_path / "models", tmp_path, (1, 2, 3))
    options = dict(word.split("=", 1) for word in part.argv if word.startswith("--") and "=" in word)
    doors = {key: value for key, value in options.items() if key.endswith(("-address", "-port"))}
    assert doors == {
        "--grpc-address": "127.0.0.1", "--grpc-port": "1",
        "--http-address": "127.0.0.1", "--http-port": "2",
        "--metrics-address": "127.0.0.1", "--metrics-port": "3",
    }  # fmt: skip
    assert options["--model-control-mode"] == "none"
    assert Path(options["--backend-directory"], "python", "libtriton_python.so").exists()


def test_the_stub_is_that_of_this_python_and_finds_its_library(tmp_path: Path) -> None:
    stub = prepare_backends(triton_folder(), tmp_path) / "python" / "triton_python_backend_stub"
    assert os.access(stub, os.X_OK)
    environment = triton_part(tmp_path, tmp_path, (1, 2, 3)).env
    linked = subprocess.run(
        ["ldd", stub], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert f"libpython{VERSION}.so.1.0 => {python_libraries()}" in linked.stdout
    assert "not found" not in linked.stdout


def test_the_runtime_of_the_networks_notes_nothing_for_its_makers(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    environment = {**kept, **triton_part(tmp_path, tmp_path, (1, 2, 3)).env, "HOME": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", "import onnxruntime"], env=environment, check=True)
    assert not list(home.iterdir())


def test_backends_are_prepared_again_while_the_old_stub_runs(tmp_path: Path) -> None:
    stub = prepare_backends(triton_folder(), tmp_path) / "python" / "triton_python_backend_stub"
    shutil.copy2("/bin/sleep", stub)
    with subprocess.Popen([stub, "60"]) as running:
        prepare_backends(triton_folder(), tmp_path)
        running.kill()
    assert stub.stat().st_size != Path("/bin/sleep").stat().st_size


def shared_memory(models: Path, folder: Path) -> str:
    """What the names of a Triton's regions of shared memory begin with."""
    words = triton_part(models, folder, (1, 2, 3)).argv
    return next(word.rpartition("=")[2] for word in words if "shm-region-prefix-name" in word)


def test_what_a_killed_server_left_in_shared_memory_is_removed(tmp_path: Path) -> None:
    part = triton_part(tmp_path, tmp_path, (1, 2, 3))
    leftover, other = (
        Path(f"/dev/shm/{shared_memory(tmp_path, tmp_path)}left"),
        Path("/dev/shm/moviola_triton_of_another"),
    )
    leftover.touch()
    other.touch()
    try:
        part.clean()
        assert (leftover.exists(), other.exists()) == (False, True)
    finally:
        other.unlink()


def test_two_folders_have_shared_memory_of_their_own(tmp_path: Path) -> None:
    first, second = (shared_memory(tmp_path, tmp_path / name) for name in "ab")
    assert first != second


@pytest.mark.parametrize(
    ("system", "machine"), [("darwin", "arm64"), ("linux", "aarch64"), ("win32", "AMD64")]
)
def test_other_machines_are_pointed_elsewhere(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    monkeypatch.setattr(triton.sys, "platform", system)
    monkeypatch.setattr(triton.platform, "machine", lambda: machine)
    with pytest.raises(ConfigurationError, match=r"TRITON_URL.*compose"):
        triton_folder()


def test_a_missing_wheel_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="nvidia-pytriton"):
        triton_folder()


def test_a_python_without_shared_library_takes_debians(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(triton.sysconfig, "get_config_var", lambda _: "/nowhere")
    monkeypatch.setattr(triton, "DEBIAN_LIBRARIES", tmp_path)
    with pytest.raises(ConfigurationError, match=f"install libpython{VERSION}"):
        python_libraries()
    (tmp_path / f"libpython{VERSION}.so.1.0").touch()
    assert python_libraries() == tmp_path


def test_a_python_without_a_stub_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "backends" / "python").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=f"no backend for Python {VERSION}"):
        prepare_backends(tmp_path, tmp_path / "copy")


def test_nobody_is_not_ready() -> None:
    assert not triton_ready("127.0.0.1:1")


@pytest.mark.parametrize(("name", "lost"), [("triton_python_backend_stub", True), ("another", False)])
def test_the_end_of_a_model_s_process_is_noticed(tmp_path: Path, name: str, lost: bool) -> None:
    command = tmp_path / name
    shutil.copy2("/bin/sleep", command)
    with subprocess.Popen([command, "60"]) as child:
        assert not lost_a_stub(os.getpid())
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert lost_a_stub(os.getpid()) == lost
    assert not lost_a_stub(os.getpid())
