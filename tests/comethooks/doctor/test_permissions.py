"""What others may change or read is told with what to do."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from comethooks.doctor.finding import Level
from comethooks.doctor.permissions import check_permissions
from comethooks.workers.settings.settings import Settings


@pytest.fixture
def place_of_all() -> Iterator[Path]:
    """A folder that everybody gets to, which they do not to those of pytest."""
    with tempfile.TemporaryDirectory(prefix="open-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def settings(place_of_all: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A data directory that anybody may look into, with a plugin and a secret; all is as `up` makes
    it.
    """
    data = place_of_all / "data"
    plugins = data / "plugins" / "package"
    plugins.mkdir(parents=True)
    (plugins / "__init__.py").touch(0o600)
    (data / "credentials").touch(0o600)
    (data / "credentials").write_text("a:b")
    (data / "comethooks.db").touch(0o600)
    monkeypatch.chdir(place_of_all)
    for path in (place_of_all, data, data / "plugins", plugins):
        path.chmod(0o755)
    return Settings.load({"COMETHOOKS_DATA_DIR": str(data)})


def test_what_is_for_this_user_alone_is_ok(settings: Settings) -> None:
    """Also in /tmp, where everybody may write, and nobody may replace what is another's."""
    [found] = check_permissions(settings)
    assert found.level is Level.OK


@pytest.mark.parametrize(
    "place",
    ["data", "data/plugins", "data/plugins/package", "data/plugins/package/__init__.py", "."],
)
def test_a_plugin_that_others_may_change_is_warned_of(
    settings: Settings, place_of_all: Path, place: str
) -> None:
    """Or replace, since a folder on the way is theirs to change: what it says is run as this
    user.
    """
    path = place_of_all / place
    path.chmod(path.stat().st_mode | 0o002)
    [found] = check_permissions(settings)
    assert found.level is Level.WARNING
    assert f"others may change what is run here: {path.resolve()}" in found.detail
    assert found.advice is not None
    assert "runs code as this user" in found.advice


def test_a_place_where_others_may_make_what_is_missing_is_warned_of(
    settings: Settings, place_of_all: Path
) -> None:
    """The `.env` in the current folder is read by every command, and names what is run."""
    place_of_all.chmod(0o1777)
    [found] = check_permissions(settings)
    assert f"others may change what is run here: {place_of_all.resolve()}" in found.detail
    (place_of_all / ".env").touch(0o600)
    [found] = check_permissions(settings)
    assert found.level is Level.OK


@pytest.mark.parametrize("name", ["data/credentials", "data/comethooks.db", ".env"])
def test_a_secret_that_others_may_read_is_warned_of(
    settings: Settings, place_of_all: Path, name: str
) -> None:
    """Unless a folder on the way keeps them from it."""
    path = place_of_all / name
    path.touch()
    path.chmod(0o644)
    [found] = check_permissions(settings)
    assert found.level is Level.WARNING
    assert "others may read secrets" in found.detail
    path.parent.chmod(0o700)
    [found] = check_permissions(settings)
    assert found.level is Level.OK
