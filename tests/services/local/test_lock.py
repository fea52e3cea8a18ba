from pathlib import Path

import pytest

from services.contract.errors import ConfigurationError
from services.local.lock import held


def test_one_holds_the_file_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    with held(file, "busy"), pytest.raises(ConfigurationError, match=r"^busy$"), held(file, "busy"):
        pass
    with held(file, "busy"):
        pass
