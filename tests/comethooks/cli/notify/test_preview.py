"""`comethooks notify preview`: what would be told, and nothing that is done."""

from pathlib import Path

import pytest

from comethooks.workers.journal import OnceClaim, token_of
from comethooks.workers.notify.gone import gone_claim, note_gone
from comethooks.workers.notify.notify_file import read_notify_file
from comethooks.workers.states import OnceState
from tests.comethooks.cli.store import START
from tests.pages import blocks
from tests.workers.notify.files import CHAT, RULE, SECRET, SINK, written
from tests.workers.notify.test_page import PAGE, completed, example

BOTH = SINK + CHAT + RULE.replace('["orders"]', '["orders", "desk"]')


@pytest.fixture
def preview(command, tmp_path):
    """The command, with a file of this text."""

    def run(event, *arguments, text=BOTH, **variables):
        path = written(tmp_path, text)
        run.path = path
        given = ("notify", "preview", "--event", event.id, *arguments)
        return command(*given, COMETHOOKS_NOTIFY_FILE=str(path), **variables)

    return run


def documents(command, event, path: Path):
    """What it prints as JSON, by handler."""
    arguments = ("notify", "preview", "--event", event.id)
    found = command.json(*arguments, COMETHOOKS_NOTIFY_FILE=str(path))
    return {each["handler"]: each for each in found}


def test_it_prints_what_goes_where(preview, store):
    """In the words that the file has for it, without what is secret."""
    event = store.journalled()
    done = preview(event)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "notify.orders (rule[0]) → webhook https://example.com/hook",
        "    ada wrote",
        f"    webhook-id {event.id}; --json has the body",
        "notify.desk (rule[0]) → cometchat group front-desk",
        "    ada wrote",
    ]
    assert done.stderr == "2 messages would be sent.\n"


def test_it_has_the_body_as_json(command, store, tmp_path):
    """As it would be sent, and for scripts."""
    event = store.journalled()
    found = documents(command, event, written(tmp_path, BOTH))
    assert found["notify.orders"]["body"]["id"] == event.id
    assert found["notify.orders"]["sends"] is True
    assert found["notify.desk"]["body"] is None
    assert SECRET[6:] not in str(found)
    assert "plantedToken" not in str(found)


def test_it_says_why_something_is_not_told(preview, command, store, tmp_path):
    """The handler does not want it, it was told already, or the sink is gone."""
    event = store.journalled()
    done = preview(event, text=SINK + RULE.replace("message.sent", "user.presence"))
    assert '    nothing is sent: "user.presence" does not fit' in done.stdout
    path = written(tmp_path, BOTH)
    key, now = f"orders {event.id}", START
    token = token_of(event.id, "notify.orders", None, "1")
    claim = OnceClaim("notify", event.app_id, key, token, event.id, "notify.orders", now, now)
    store.journal.enter_once(claim)
    store.journal.leave_once(claim, OnceState.DONE)
    assert documents(command, event, path)["notify.orders"]["reason"] == "it was told already"
    other = store.journalled()
    [sink] = {each.sink for each in read_notify_file(path).routes if each.name == "orders"}
    version = read_notify_file(path).version
    gone = gone_claim(sink, version, event_id=event.id, handler="notify.orders", now=now)
    note_gone(store.journal, gone)
    assert "orders answered 410" in documents(command, other, path)["notify.orders"]["reason"]


def test_a_text_that_cannot_be_filled_in_fails(preview, store):
    """With the place and the line."""
    done = preview(store.journalled(), text=SINK + RULE.replace("sender.uid", "completion.user"))
    assert done.exit_code == 1
    assert (
        "    it cannot be told: rule[0].text, line 1: 'None' has no attribute 'user'" in done.stdout
    )


def test_a_file_that_cannot_be_used_is_told_line_by_line(preview, store):
    """With every problem of it."""
    done = preview(store.journalled(), text=SINK.replace("https", "ftp") + RULE + "x = 1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == f"Error: {preview.path} cannot be used:"
    assert [line.split(":")[0] for line in done.stderr.splitlines()[1:]] == [
        "  sink[0].url",
        "  rule[0].x",
    ]


def test_without_a_file_it_says_which_setting_names_one(command, store):
    """There is nothing to preview."""
    event = store.journalled()
    done = command("notify", "preview", "--event", event.id)
    assert done.exit_code == 1
    assert "COMETHOOKS_NOTIFY_FILE is not set" in done.stderr


def test_the_page_shows_what_it_prints(command, store, tmp_path):
    """For the file and the event of the page."""
    path = example(tmp_path)
    kept = store.settle(completed("booking"))
    done = command("notify", "preview", "--event", kept.id, COMETHOOKS_NOTIFY_FILE=str(path))
    [shown] = [block.code for block in blocks(PAGE, "console") if "notify preview" in block.code]
    expected = shown.replace("0199f2a4-7c1e-7000-8000-6d1f8f0c2b11", kept.id).splitlines()[1:]
    assert done.stdout.splitlines() == expected
