"""Tables fit the terminal, and are whole everywhere else."""

import json

import pytest

from comethooks.cli.terminal.output import (
    Column,
    Listing,
    console,
    hint,
    print_json,
    print_table,
    styled,
    uid_column,
)

COLUMNS = (
    Column("NAME"),
    Column("REMARK", spare=2, folds_at=24),
    Column("PLACE", spare=1),
    Column("ID"),
)
IDENTIFIER = "01a20081-ae18-7d76-8a11-7c078a4441dc"
ROW = ("welcome", "r" * 40, "p" * 20, IDENTIFIER)


def test_a_table_is_whole_where_there_is_no_terminal(capsys):
    print_table(COLUMNS, [ROW])
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["NAME", "REMARK", "PLACE", "ID"]
    assert row.split() == list(ROW)


def test_json_on_a_terminal_holds_nothing_that_it_obeys(capsys, terminal):
    """It is the same document; elsewhere it is as it was written."""
    document = {"text": "\x7f\x9b2J\u202e\U000e0001 👩\u200d💻"}
    print_json(document)
    assert capsys.readouterr().out == f'{{"text":"{document["text"]}"}}\n'
    terminal(80)
    print_json(document)
    shown = capsys.readouterr().out
    assert shown == '{"text":"\\u007f\\u009b2J\\u202e\\udb40\\udc01 👩\u200d💻"}\n'
    assert json.loads(shown) == document


@pytest.mark.parametrize(
    ("columns", "left_out"),
    [(200, []), (95, []), (90, ["REMARK"]), (60, ["REMARK", "PLACE"]), (20, ["REMARK", "PLACE"])],
)
def test_a_narrow_terminal_gets_fewer_columns_and_is_told(capsys, terminal, columns, left_out):
    terminal(columns)
    print_table(COLUMNS, [ROW])
    shown = capsys.readouterr()
    assert all((name in shown.out) is (name not in left_out) for name in ("REMARK", "PLACE"))
    for name in left_out:
        assert name in shown.err
    assert IDENTIFIER in shown.out


def test_a_column_without_anything_in_it_is_left_out_on_a_terminal(capsys, terminal):
    print_table(COLUMNS, [("welcome", "", "pier", IDENTIFIER)])
    assert "REMARK" in capsys.readouterr().out
    terminal(60)
    print_table(COLUMNS, [("welcome", "", "pier", IDENTIFIER)])
    shown = capsys.readouterr()
    assert "REMARK" not in shown.out + shown.err


def test_cells_are_no_markup_and_no_control_characters(capsys, terminal):
    terminal(100)
    print_table([Column("TEXT")], [["[bold red]x[/] \x1b[2J\nnext"]])
    assert "[bold red]x[/] \\u001b[2J next" in capsys.readouterr().out


def test_a_state_is_coloured_on_a_terminal_only(capsys, terminal):
    console().print(styled("dead"))
    assert capsys.readouterr().out == "dead\n"
    terminal(80)
    console().print(styled("dead"))
    assert "\x1b[" in capsys.readouterr().out


def test_json_is_one_line_whatever_is_in_it(capsys):
    print_json({"text": "a\nb\ud83d", "number": 2**70})
    assert capsys.readouterr().out.count("\n") == 1


def test_a_hint_is_no_data(capsys):
    hint("by the way")
    assert capsys.readouterr() == ("", "by the way\n")


def test_a_listing_reads_one_more_than_it_shows():
    listing = Listing(COLUMNS, row=str, document=dict, nothing="")
    assert listing.limit(as_json=False, limit=None) == 51
    assert listing.limit(as_json=False, limit=7) == 8
    assert listing.limit(as_json=True, limit=None) is None
    assert listing.limit(as_json=True, limit=7) == 7


def test_what_a_stranger_writes_widens_no_table(capsys):
    """The beginning of it is shown; whoever needs all of it asks for JSON."""
    columns = [uid_column("TRIGGER"), uid_column("CONVERSATION", uids=2), Column("ID")]
    uuid = "0199f2a4-7c1e-7b3b-8a11-7c078a4441dc"
    print_table(
        columns,
        [
            ("push-notification-payload-generated", f"{uuid}_user_{uuid}", IDENTIFIER),
            ("x" * 5000, "船" * 5000, IDENTIFIER),
        ],
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40 + 80 + len(IDENTIFIER) + 4
    assert f"{uuid}_user_{uuid}" in lines[1]
    assert lines[2].startswith("x" * 39 + "…")
