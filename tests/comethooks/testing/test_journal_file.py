"""The journal of a harness."""

import tempfile
from pathlib import Path

import pytest

from comethooks.testing.journal_file import JournalFile


def test_it_may_lie_in_a_folder_of_any_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also of one with characters that mean something in a URL."""
    folder = tmp_path / "50% ?"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    made = JournalFile()
    try:
        assert made.journal.unfinished() == {}
    finally:
        made.close()
    assert list(folder.iterdir()) == []
