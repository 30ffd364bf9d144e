"""What platforms install from is pinned like what is developed with."""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def pins(name: str) -> dict[str, str]:
    """The lines of a requirements file that pin something, by the name of the package."""
    found = re.findall(r"^(([\w.-]+)==[^\\\n]*)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): line.strip() for line, package in found}


def needed(package: str, extras: frozenset[str]) -> set[str]:
    """The packages that `package` with `extras` needs here, and those that they need."""
    found: set[str] = set()
    for text in requires(package) or []:
        wanted = Requirement(text)
        applies = wanted.marker is None or any(
            wanted.marker.evaluate({"extra": extra}) for extra in (*extras, "")
        )
        if applies:
            name = canonicalize_name(wanted.name)
            found |= {name} | needed(name, frozenset(wanted.extras))
    return found


def test_platforms_install_the_versions_of_the_lock() -> None:
    """All that is needed for running, and comethooks itself at the end."""
    lock, platform = pins("requirements.lock"), pins("requirements.txt")
    assert {name: line for name, line in platform.items() if lock.get(name) != line} == {}
    # An editable install, such as that of the tests, needs one package more.
    wanted = needed("comethooks", frozenset({"postgres"})) - {"editables"}
    assert wanted - platform.keys() == set()
    assert "pytest" not in platform
    assert (ROOT / "requirements.txt").read_text().splitlines()[-1] == ".[postgres]"
