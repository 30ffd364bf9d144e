"""What lies under the data directory, above all the credentials."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comethooks.workers.settings import paths
from comethooks.workers.settings.paths import Credential, CredentialsError

LONG = "a-long-name-for-a-folder/" * 5


class TestSocketPath:
    def test_it_is_in_the_data_directory(self) -> None:
        assert paths.socket_path(Path("/data")) == Path("/data/valkey/valkey.sock")

    def test_where_that_is_too_long_for_a_socket_it_is_a_short_one(self) -> None:
        path = paths.socket_path(Path("/") / LONG)
        assert len(os.fsencode(path)) < paths.MAX_SOCKET_PATH
        assert str(os.getuid()) in str(path)

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


class TestParseCredentials:
    def test_several_are_separated_by_commas_or_lines(self) -> None:
        """Two passwords of one user are a rotation."""
        assert paths.parse_credentials("a:1, a:2\nb:x:y\n") == (
            Credential("a", "1"),
            Credential("a", "2"),
            Credential("b", "x:y"),
        )

    def test_the_same_one_twice_counts_once(self) -> None:
        assert paths.parse_credentials("a:1,a:1") == (Credential("a", "1"),)

    @pytest.mark.parametrize("text", ["a:1,hush", "a:1,:hush", "a:1,hush:", "a:1,hu\x00sh:hush"])
    def test_the_number_of_the_wrong_entry_is_told_and_not_its_text(self, text: str) -> None:
        with pytest.raises(CredentialsError, match="entry 2 ") as caught:
            paths.parse_credentials(text)
        assert "hush" not in str(caught.value)

    @pytest.mark.parametrize("text", ["", " , \n"])
    def test_none_at_all_is_an_error(self, text: str) -> None:
        with pytest.raises(CredentialsError, match="no credential"):
            paths.parse_credentials(text)


def test_a_credential_does_not_show_its_password() -> None:
    credential = Credential("cometchat", "hush")
    assert "hush" not in f"{credential!r} {credential} {[credential]}"
    assert credential.label == "cometchat"


class TestEnsureCredentials:
    def test_one_is_made_that_cometchat_can_be_given(self, tmp_path: Path) -> None:
        """Its Dashboard takes letters and digits only."""
        made = paths.ensure_credentials(tmp_path / "data")
        assert made.user == "comethooks"
        assert len(made.password) == 32
        assert made.password.isascii()
        assert made.password.isalnum()

    def test_it_is_readable_by_this_user_alone_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            paths.ensure_credentials(tmp_path / "data")
        finally:
            os.umask(before)
        mode = paths.credentials_path(tmp_path / "data").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700

    def test_it_stays_the_same(self, tmp_path: Path) -> None:
        assert paths.ensure_credentials(tmp_path) == paths.ensure_credentials(tmp_path)
        assert os.listdir(tmp_path) == ["credentials"]

    def test_one_that_is_there_is_kept(self, tmp_path: Path) -> None:
        paths.credentials_path(tmp_path).write_text("mine:own\nother:one\n")
        assert paths.ensure_credentials(tmp_path) == Credential("mine", "own")

    def test_all_who_make_it_at_once_get_the_same(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: paths.ensure_credentials(tmp_path), range(40)))
        assert len(set(made)) == 1
        assert os.listdir(tmp_path) == ["credentials"]

    def test_a_damaged_file_is_not_replaced(self, tmp_path: Path) -> None:
        paths.credentials_path(tmp_path).write_text("hush")
        with pytest.raises(CredentialsError):
            paths.ensure_credentials(tmp_path)
        assert paths.credentials_path(tmp_path).read_text() == "hush"
