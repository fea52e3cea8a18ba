import os
import subprocess
import sys
from pathlib import Path


def test_the_ready_file_of_an_earlier_worker_goes_before_there_is_another(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.touch()
    environment = {**os.environ, "MOVIOLA_DATA_DIR": str(tmp_path), "REDIS_URL": "redis://127.0.0.1:1/0"}
    code = "import sys, pathlib, workers.app; workers.app.create_worker(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(ready)], env=environment, check=True)
    assert not ready.exists()
