"""Progress is a bar on a terminal and lines elsewhere."""

import sys

from comethooks.cli.terminal.bars import progress


def test_progress_is_lines_where_there_is_no_terminal(capsys):
    with progress(3, "sent") as advance:
        for _ in range(3):
            advance()
    assert capsys.readouterr() == ("", "sent 3 of 3\n")


def test_progress_is_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress(3, "sent") as advance:
        advance()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1/3" in shown.err


def test_progress_without_an_end_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr("comethooks.cli.terminal.bars._SECONDS_BETWEEN_LINES", 0)
    with progress(None, "read") as advance:
        advance()
        advance()
    assert capsys.readouterr() == ("", "read 1\nread 2\n")


def test_a_bar_without_an_end_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress(None, "read") as advance:
        advance()
    assert "1/?" in capsys.readouterr().err
