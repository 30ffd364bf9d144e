"""Tables of what was kept are of use at the widths that terminals have, and in a pipe."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from comethooks.workers.states import RunState
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.pseudo_terminal import shown_on_terminal
from tests.comethooks.cli.store import Store, run

LISTINGS = {
    ("events", "list"): ("RECEIVED", "STATUS", "TRIGGER", "RUNS", "CONVERSATION", "ID"),
    ("requests", "list"): ("RECEIVED", "OUTCOME", "TRIGGER", "REASON", "ID"),
    ("runs", "list"): ("HANDLER", "STATE", "ERROR", "EVENT"),
    ("runs", "list", "--group"): ("HANDLER", "ERROR", "COUNT", "EXAMPLE"),
    ("drift",): ("KIND", "TRIGGER", "PATH", "EXAMPLE"),
}
"""What each listing has whatever the width, in this order."""
SHORT = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}\b(?!-)")


@pytest.fixture
def events(store: Store) -> list[str]:
    """The ids of events of all states, of which two came in the same millisecond."""
    dead = run("moderation_queue.review_message", RunState.DEAD)
    found = [
        store.journalled(dead, run(), trigger="user_connection_status_changed"),
        store.journalled(
            run(),
            conversation_id="oskar-nyman_user_priya-raman",
            sender="priya-raman",
            drift=(("unknown field", "data.message.data.metadata.newField"),),
        ),
        store.accept(),
        store.accept(key=b"same"),
    ]
    store.accept(key=b"same")
    store.settle(store.refused())
    return [each.id for each in found]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("listing", LISTINGS, ids=" ".join)
def test_a_table_has_what_matters_on_a_terminal(
    command: Command, events: list[str], listing: tuple[str, ...], columns: int
) -> None:
    """Within its width, every id whole enough for `show`."""
    shown = shown_on_terminal(command, columns, *listing)
    head = next(line for line in shown if line.startswith(LISTINGS[listing][0]))
    assert [each for each in head.split() if each in LISTINGS[listing]] == list(LISTINGS[listing])
    assert max(map(len, shown)) <= columns
    assert any(SHORT.search(line) for line in shown)


@pytest.mark.parametrize("listing", LISTINGS, ids=" ".join)
def test_a_table_in_a_pipe_has_every_column_and_every_cell_on_one_line(
    command: Command, events: list[str], listing: tuple[str, ...]
) -> None:
    """Whatever the variables say of a width; its ids are as short as on a terminal."""
    tables = [command(*listing, COLUMNS=columns).stdout for columns in ("80", "120")]
    assert tables[0] == tables[1]
    head, *rows = tables[0].splitlines()
    assert [each for each in head.split() if each in LISTINGS[listing]] == list(LISTINGS[listing])
    assert rows
    assert all(SHORT.search(row) for row in rows)


def test_the_ids_of_a_table_are_taken_by_show(command: Command, events: list[str]) -> None:
    rows = command("events", "list").stdout.splitlines()[1:]
    short = [row.split()[-1] for row in rows]
    assert [command.json("events", "show", each)[0]["id"] for each in short] == events[::-1]


def test_ids_are_as_long_as_tells_them_apart(command: Command, store: Store) -> None:
    """All of a table to the same length, so that they stand below each other."""
    alike = "01a0c450-6c00-744e-8fe8-00000000000"
    ids = [store.journalled(id=f"{alike}{number}", at=1).id for number in range(2)]
    store.journalled()
    short = [row.split()[-1] for row in command("events", "list").stdout.splitlines()[1:]]
    assert short[1:] == ids[::-1]
    assert len({len(each) for each in short}) == 1
    one = command("events", "list", "--limit", "1").stdout.splitlines()[1]
    assert SHORT.fullmatch(one.split()[-1])


@pytest.fixture
def readme(store: Store) -> list[str]:
    """The table in the README; the event that it shows is kept here."""
    text = (Path(__file__).parents[4] / "README.md").read_text("utf-8")
    answer = re.search(r'^200 {"id":"(.*)"}$', text, re.MULTILINE)
    table = re.search(r"^\$ .* events list .*\n(?P<head>.*)\n(?P<row>.*)\n```", text, re.MULTILINE)
    assert answer
    assert table
    received, _, trigger, conversation, sender, _ = table["row"].split()
    at = int(datetime.fromisoformat(received).timestamp() * 1000)
    store.journalled(
        id=answer[1], at=at, trigger=trigger, conversation_id=conversation, sender=sender
    )
    return [table["head"], table["row"]]


def test_the_table_of_the_readme_is_what_a_terminal_of_120_columns_shows(
    command: Command, readme: list[str]
) -> None:
    shown = shown_on_terminal(command, 120, "events", "list")
    assert [line.rstrip() for line in shown] == readme


def test_at_80_columns_the_same_is_folded_and_less(command: Command, readme: list[str]) -> None:
    head, *rows = shown_on_terminal(command, 80, "events", "list")
    assert head.split() == [each for each in readme[0].split() if each != "USER"]
    *cells, conversation, _, identifier = readme[1].split()
    first = rows[0].split()
    assert (first[: len(cells)], first[-1]) == (cells, identifier)
    folded = [first[len(cells)], *(row.strip() for row in rows[1:])]
    assert "".join(folded) == conversation


def test_json_has_ids_whole(command: Command, events: list[str]) -> None:
    assert [each["id"] for each in command.json("events", "list")] == events[::-1]
