"""The file of the journal is moved or replaced under a deployment that works."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from comethooks.workers.settings.settings import Settings
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, waiting
from tests.scenarios.stack import Stack, message
from tests.waiting import wait_for


def accept(stack: Stack, conversation: int) -> set[str]:
    """Post ten messages; the ids of the events."""
    return {stack.post(message(conversation, number)).json()["id"] for number in range(10)}


def journalled(stack: Stack) -> set[str]:
    """The ids of all events in the journal at its path."""
    with closing(journal_of(stack)) as journal:
        return {each.id for each in journal.events()}


def file_of(stack: Stack) -> Path:
    """The journal's file."""
    return Path(Settings.load(stack.environment).database_url.removeprefix("sqlite:///"))


def test_what_is_accepted_while_the_file_is_away_is_in_it_when_it_is_back(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Redis forgets nothing meanwhile, and everybody goes on without a restart."""
    stack.web()
    stack.start("worker", "--workers", "1")
    before = accept(stack, 0)
    wait_for(lambda: waiting(own_redis_server.client()) == 0, "what came before is journalled")
    file = file_of(stack)
    file.rename(file.with_name("elsewhere.db"))
    meanwhile = accept(stack, 1)
    wait_for(lambda: "the journal cannot be used" in stack.log(), "it is noticed")
    assert waiting(own_redis_server.client()) == 10
    assert not file.exists()
    file.with_name("elsewhere.db").rename(file)
    wait_for(lambda: journalled(stack) == before | meanwhile, "everything is journalled")


def test_what_is_accepted_after_the_file_was_replaced_is_in_the_new_one(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """Not in one that has no name any more."""
    stack.web()
    stack.start("worker", "--workers", "1")
    before = accept(stack, 0)
    wait_for(lambda: waiting(own_redis_server.client()) == 0, "what came before is journalled")
    file = file_of(stack)
    backup = file.with_name("backup.db")
    copy(file, backup)
    os.replace(backup, file)
    after = accept(stack, 1)
    wait_for(lambda: after <= journalled(stack), "what came after is journalled")
    assert journalled(stack) == before | after


def copy(file: Path, target: Path) -> None:
    """Make a backup of a journal, as SQLite does it."""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(target)) as backup:
        source.backup(backup)
