"""Watching the plugin folder: what counts as a change, and when it is told."""

import os
from collections.abc import Callable
from importlib.util import cache_from_source
from itertools import pairwise
from pathlib import Path

import pytest

from comethooks.workers.plugins import watching
from comethooks.workers.plugins.watching import (
    LOOK_SECONDS,
    SETTLED_SECONDS,
    SHORTEST_SECONDS,
    PluginWatch,
)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """A folder and its watch; one `look` is one second."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.watch = PluginWatch(folder, clock=self.clock)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def look(self) -> tuple[str, ...]:
        self.clock.now += LOOK_SECONDS
        return self.watch.changed()

    def looks(self, count: int) -> list[tuple[str, ...]]:
        return [self.look() for _ in range(count)]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    (tmp_path / "there.py").write_text("1")
    return Watched(tmp_path)


def test_a_change_is_told_once_when_it_has_settled(watched: Watched) -> None:
    """At the second look that finds the same."""
    watched.write("there.py", "2")
    assert watched.looks(4) == [(), ("there.py",), (), ()]


def test_it_is_looked_at_once_a_second(watched: Watched) -> None:
    """However often it is asked."""
    watched.write("there.py", "2")
    told = []
    for _ in range(12):
        watched.clock.now += LOOK_SECONDS / 4
        told.append(bool(watched.watch.changed()))
    assert told == [False] * 7 + [True] + [False] * 4


@pytest.mark.parametrize(
    "name", ["new.py", "package/__init__.py", "package/deep/part.py", "package/pyproject.toml"]
)
def test_new_and_removed_files_are_changes(name: str, watched: Watched) -> None:
    """In packages too."""
    path = watched.write(name, "1")
    assert watched.looks(2)[-1] == (name,)
    watched.clock.now += SHORTEST_SECONDS
    path.unlink()
    assert (name,) in watched.looks(2)


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".hidden/x.py", "__pycache__/x.py", "data.json", ".there.py.swp", "other.toml"],
)
def test_other_files_are_none(name: str, watched: Watched) -> None:
    """Nor what an editor or Python leaves."""
    watched.write(name, "1")
    assert watched.looks(3) == [(), (), ()]


def test_an_environment_is_not_looked_at(watched: Watched) -> None:
    """It has thousands of files that nobody edits."""
    watched.write("env/pyvenv.cfg", "")
    watched.write("env/lib/x.py", "1")
    assert watched.looks(3) == [(), (), ()]


def test_the_content_counts_and_not_the_time(watched: Watched) -> None:
    """A file that is touched, or written as it was, is the same."""
    os.utime(watched.folder / "there.py", (1, 1))
    assert watched.looks(3) == [(), (), ()]
    watched.write("there.py", "1")
    assert watched.looks(3) == [(), (), ()]


def test_the_same_size_and_time_hide_nothing(watched: Watched) -> None:
    """What was compiled is removed: Python would take it for that of the new source."""
    path = watched.folder / "there.py"
    compiled = Path(cache_from_source(str(path)))
    compiled.parent.mkdir()
    compiled.write_bytes(b"old")
    before = path.stat()
    path.write_text("2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ("there.py",) in watched.looks(2)
    assert not compiled.exists()


def test_a_file_that_did_not_change_is_not_read_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is old enough to be told by its time."""
    old = watched.folder / "there.py"
    os.utime(old, (1, 1))
    watched.look()
    read: list[Path] = []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self) or real(self))
    watched.looks(3)
    assert read == []


def test_a_folder_that_flaps_is_followed_every_few_seconds(watched: Watched) -> None:
    """Not at every look, but not never."""
    told = []
    for number in range(20):
        watched.write("there.py", f"x{number}")
        told.append(bool(watched.look()))
    at = [index for index, each in enumerate(told) if each]
    assert 2 <= len(at) <= 20 / SETTLED_SECONDS
    assert all(later - earlier >= SHORTEST_SECONDS for earlier, later in pairwise(at))


def test_two_changes_soon_after_each_other_are_told_apart_by_seconds(watched: Watched) -> None:
    """The second is kept until then."""
    watched.write("there.py", "2")
    assert watched.looks(2)[-1]
    watched.write("there.py", "3")
    told = watched.looks(7)
    assert [index for index, each in enumerate(told) if each] == [int(SHORTEST_SECONDS) - 1]


def test_what_was_changed_back_is_no_change(watched: Watched) -> None:
    """Nothing has to be loaded again."""
    watched.write("there.py", "2")
    assert watched.look() == ()
    watched.write("there.py", "1")
    assert watched.looks(3) == [(), (), ()]


def test_links_are_followed_and_loops_are_not(
    watched: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A plugin may be a link to where it is developed."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "__init__.py").write_text("1")
    (elsewhere / "loop").symlink_to(elsewhere)
    (watched.folder / "linked").symlink_to(elsewhere)
    assert watched.looks(2)[-1] == ("linked/__init__.py",)


def test_a_folder_that_is_missing_or_goes_away_is_empty(tmp_path: Path) -> None:
    """And comes back."""
    watched = Watched(tmp_path / "plugins")
    assert watched.looks(2) == [(), ()]
    path = watched.write("new.py", "1")
    assert ("new.py",) in watched.looks(2)
    path.unlink()
    watched.folder.rmdir()
    watched.clock.now += SHORTEST_SECONDS
    assert ("new.py",) in watched.looks(2)


def test_a_look_that_takes_long_is_followed_by_a_longer_pause(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shall not take more than a twentieth of the time."""
    looked = []

    def slow(folder: Path, known: object) -> dict[str, object]:
        looked.append(watched.clock.now)
        watched.clock.now += 0.5
        return {}

    monkeypatch.setattr(watching, "_look", slow)
    for _ in range(60):
        watched.clock.now += 0.5
        watched.watch.changed()
    assert 2 <= len(looked) <= 4


def _saved_by_rename(folder: Path) -> None:
    draft = folder / ".there.py.tmp"
    draft.write_text("2")
    draft.replace(folder / "there.py")


def _made_again(folder: Path) -> None:
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    (folder / "there.py").write_text("2")


def _released(folder: Path) -> None:
    release = folder.with_name("release-2")
    release.mkdir()
    (release / "there.py").write_text("2")
    folder.rename(folder.with_name("release-1"))
    folder.symlink_to(release)


def _linked(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere.py")
    elsewhere.write_text("2")
    (folder / "there.py").unlink()
    (folder / "there.py").symlink_to(elsewhere)


@pytest.mark.parametrize("act", [_saved_by_rename, _made_again, _released, _linked])
def test_however_a_file_is_replaced_that_is_a_change(
    act: Callable[[Path], None], tmp_path: Path
) -> None:
    """And what is changed there afterwards is one, too."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "there.py").write_text("1")
    watched = Watched(folder)
    act(folder)
    assert ("there.py",) in watched.looks(2)
    watched.clock.now += SHORTEST_SECONDS
    (folder / "there.py").resolve().write_text("3")
    assert ("there.py",) in watched.looks(2)


def test_files_elsewhere_are_looked_at_too(tmp_path: Path) -> None:
    """Those that there are at each look, whatever they are called, with or without a folder."""
    listed, other = tmp_path / "notify.toml", tmp_path / "keys"
    listed.write_text("1")
    clock = Clock()
    watch = PluginWatch(
        None, lambda: (listed, other) if listed.exists() else (listed,), clock=clock
    )

    def looks() -> list[tuple[str, ...]]:
        clock.now += SHORTEST_SECONDS
        first = watch.changed()
        clock.now += LOOK_SECONDS
        return [first, watch.changed()]

    assert looks() == [(), ()]
    other.write_text("a")
    assert looks() == [(), (str(other),)]
    listed.unlink()
    assert looks() == [(), (str(other), str(listed))]
