"""What lies under the data directory."""

import os
import stat
from pathlib import Path

import pytest

from comethooks.workers.settings import paths

LONG = "a-long-name-for-a-folder/" * 5


class TestSocketPath:
    def test_it_is_in_the_data_directory(self) -> None:
        assert paths.socket_path(Path("/data")) == Path("/data/valkey/valkey.sock")

    def test_where_that_is_too_long_for_a_socket_it_is_a_short_one(self) -> None:
        path = paths.socket_path(Path("/") / LONG)
        assert len(os.fsencode(path)) < paths.MAX_SOCKET_PATH
        assert str(os.getuid()) in str(path)

    @pytest.mark.parametrize("name", ["My Projects", "a=b"])
    def test_where_that_cannot_be_told_of_a_client_it_is_the_short_one_too(self, name: str) -> None:
        """RQ asks for its own connection when it starts, and reads that by blanks and by =."""
        assert paths.socket_path(Path("/home") / name).parts[-3] == "tmp"

    def test_it_counts_bytes(self) -> None:
        assert paths.socket_path(Path("/") / ("ü" * 50)).parts[-3] != "ü" * 50

    def test_everybody_finds_the_same_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By whatever name the data directory is called, and whatever TMPDIR says."""
        data = tmp_path / LONG
        data.mkdir(parents=True)
        (tmp_path / "link").symlink_to(tmp_path)
        found = paths.socket_path(data)
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        assert paths.socket_path(tmp_path / "link" / LONG) == found

    def test_two_data_directories_have_two(self) -> None:
        assert paths.socket_path(Path("/a") / LONG) != paths.socket_path(Path("/b") / LONG)


class TestMakeDataDir:
    def test_folders_that_are_made_are_for_this_user_alone(self, tmp_path: Path) -> None:
        paths.make_data_dir(tmp_path / "a" / "b")
        for folder in (tmp_path / "a", tmp_path / "a" / "b"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_one_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)
        paths.make_data_dir(tmp_path)
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("data_dir", ["/sys", "/sys/x", "/dev/null/x"])
    def test_one_that_cannot_be_written_to_is_told_in_a_sentence(self, data_dir: str) -> None:
        """Root may write anywhere but there."""
        with pytest.raises(paths.DataDirError, match="name another in COMETHOOKS_DATA_DIR"):
            paths.make_data_dir(Path(data_dir))


class TestMakePrivateDir:
    def test_it_is_for_this_user_alone(self, tmp_path: Path) -> None:
        private = tmp_path / "a" / "b"
        paths.make_private_dir(private)
        paths.make_private_dir(private)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700

    def test_a_link_in_its_place_is_refused(self, tmp_path: Path) -> None:
        """Somebody else may have put it there, to read what we send."""
        (tmp_path / "link").symlink_to(tmp_path)
        with pytest.raises(PermissionError, match="belongs to somebody else"):
            paths.make_private_dir(tmp_path / "link")
