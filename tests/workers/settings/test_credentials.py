"""Credentials: as they are written, and as they are made and kept."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comethooks.workers.settings import credentials
from comethooks.workers.settings.credentials import Credential, CredentialsError
from comethooks.workers.settings.paths import credentials_path


class TestParseCredentials:
    def test_several_are_separated_by_commas_or_lines(self) -> None:
        """Two passwords of one user are a rotation."""
        assert credentials.parse_credentials("a:1, a:2\nb:x:y\n") == (
            Credential("a", "1"),
            Credential("a", "2"),
            Credential("b", "x:y"),
        )

    def test_the_same_one_twice_counts_once(self) -> None:
        assert credentials.parse_credentials("a:1,a:1") == (Credential("a", "1"),)

    @pytest.mark.parametrize("text", ["a:1,hush", "a:1,:hush", "a:1,hush:", "a:1,hu\x00sh:hush"])
    def test_the_number_of_the_wrong_entry_is_told_and_not_its_text(self, text: str) -> None:
        with pytest.raises(CredentialsError, match="entry 2 ") as caught:
            credentials.parse_credentials(text)
        assert "hush" not in str(caught.value)

    @pytest.mark.parametrize("text", ["", " , \n"])
    def test_none_at_all_is_an_error(self, text: str) -> None:
        with pytest.raises(CredentialsError, match="no credential"):
            credentials.parse_credentials(text)


def test_a_credential_does_not_show_its_password() -> None:
    credential = Credential("cometchat", "hush")
    assert "hush" not in f"{credential!r} {credential} {[credential]}"
    assert credential.label == "cometchat"


class TestEnsureCredentials:
    def test_one_is_made_that_cometchat_can_be_given(self, tmp_path: Path) -> None:
        """Its Dashboard takes letters and digits only."""
        made = credentials.ensure_credentials(tmp_path / "data")
        assert made.user == "comethooks"
        assert len(made.password) == 32
        assert made.password.isascii()
        assert made.password.isalnum()

    def test_it_is_readable_by_this_user_alone_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            credentials.ensure_credentials(tmp_path / "data")
        finally:
            os.umask(before)
        mode = credentials_path(tmp_path / "data").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700

    def test_it_stays_the_same(self, tmp_path: Path) -> None:
        assert credentials.ensure_credentials(tmp_path) == credentials.ensure_credentials(tmp_path)
        assert os.listdir(tmp_path) == ["credentials"]

    def test_one_that_is_there_is_kept(self, tmp_path: Path) -> None:
        credentials_path(tmp_path).write_text("mine:own\nother:one\n")
        assert credentials.ensure_credentials(tmp_path) == Credential("mine", "own")

    def test_all_who_make_it_at_once_get_the_same(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda _: credentials.ensure_credentials(tmp_path), range(40)))
        assert len(set(made)) == 1
        assert os.listdir(tmp_path) == ["credentials"]

    def test_a_damaged_file_is_not_replaced(self, tmp_path: Path) -> None:
        credentials_path(tmp_path).write_text("hush")
        with pytest.raises(CredentialsError):
            credentials.ensure_credentials(tmp_path)
        assert credentials_path(tmp_path).read_text() == "hush"
