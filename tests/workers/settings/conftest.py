"""The environment that settings are read from."""

from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """An environment that names an empty data directory."""
    return {"COMETHOOKS_DATA_DIR": str(tmp_path)}
