"""The fixture comes with the package, and costs those nothing who do not use it."""

import subprocess
import sys
from importlib.metadata import entry_points

PROGRAM = (
    "import sys, comethooks.pytest_plugin; print(*(m for m in {modules!r} if m in sys.modules))"
)
HEAVY = (
    "marshmallow",
    "httpx",
    "sqlalchemy",
    "structlog",
    "comethooks.workers",
    "comethooks.schemas",
    "flask",
)


def test_it_is_an_entry_point() -> None:
    """Pytest finds it wherever the package is installed."""
    assert "comethooks.pytest_plugin" in {entry.value for entry in entry_points(group="pytest11")}


def test_it_loads_nothing_before_it_is_used() -> None:
    """Every run of pytest in the same environment imports it."""
    program = PROGRAM.format(modules=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == ""
