"""An app falls silent while the schedulers that look after it are killed."""

import os
import signal
from typing import Any

import pytest
from standardwebhooks import Webhook

from comethooks.workers.journal import Filter, Journal
from tests.comethooks.cli.listening import listener  # noqa: F401  (a fixture)
from tests.scenarios.judging import journal_of
from tests.scenarios.stack import Stack, children, message, name_of
from tests.waiting import wait_for
from tests.workers.notify.files import SECRET, written

NOTIFY = f"""
[[sink]]
name = "pager"
kind = "webhook"
url = "URL/hook"
secrets = ["{SECRET}"]

[[rule]]
on = ["app.*"]
sinks = ["pager"]
text = "{{{{ event.silence.app }}}}"
"""


def kill_scheduler(supervisor: int) -> None:
    """Kill the scheduler, as soon as there is one; another one is started."""
    found: list[int] = []
    wait_for(
        lambda: (
            found.extend(pid for pid in children(supervisor) if name_of(pid) == "scheduler")
            or found
        ),
        "there is a scheduler",
    )
    os.kill(found[0], signal.SIGKILL)


def names(journal: Journal) -> list[str | None]:
    """The names of the events that tell of silences, the oldest first."""
    return [each.name for each in journal.events(Filter(trigger="app.*"))][::-1]


@pytest.mark.attack
@pytest.mark.timeout(180)
def test_one_silence_is_told_once_though_its_leaders_are_killed(
    stack: Stack,
    listener: Any,  # noqa: F811
) -> None:
    """One is killed as soon as the silence is noted, one when it is told, and one at its end."""
    stack.environment |= {
        "COMETHOOKS_SILENCE_AFTER": "10s",
        "COMETHOOKS_NOTIFY_FILE": str(
            written(stack.directory, NOTIFY.replace("URL", listener.url))
        ),
        "WEB_CONCURRENCY": "1",
    }
    stack.web()
    worker = stack.start("worker", "--workers", "1")
    stack.deliver(message(1, 1))
    journal = journal_of(stack)

    wait_for(journal.silences.lasting, "the silence is noted", seconds=30)
    kill_scheduler(worker.pid)
    wait_for(lambda: names(journal) == ["app.silent"], "it is told", seconds=30)
    kill_scheduler(worker.pid)
    [silence] = journal.silences.lasting()
    stack.deliver(message(1, 2))
    wait_for(lambda: not journal.silences.lasting(), "its end is noted", seconds=40)
    kill_scheduler(worker.pid)
    wait_for(lambda: len(listener.requests) >= 2, "both are told to others", seconds=40)
    wait_for(lambda: len(names(journal)) >= 2, "both are in the journal")
    wait_for(
        lambda: (
            silence.last_event_at
            not in {each.last_event_at for each in journal.silences.unsettled()}
        ),
        "the next leader has nothing more to tell of it",
        seconds=30,
    )

    told = [Webhook(SECRET).verify(body, dict(headers)) for _, headers, body in listener.requests]
    # By then the app may be silent again.
    assert [each["type"] for each in told[:2]] == ["app.silent", "app.resumed"]
    assert {each["text"] for each in told} == {"app1"}
    assert names(journal)[:2] == ["app.silent", "app.resumed"]
    journal.close()
