"""What may be wrong with an app that is silent, and what to do."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from comethooks.workers.journal import Journal, Settled, StoredSilence
from comethooks.workers.record import Kind
from comethooks.workers.settings.settings import Settings
from comethooks.workers.silence.advice import advice
from tests.tables import make_tables
from tests.workers.engine import record

NOON = 1_800_000_000_000
SILENCE = StoredSilence(app_id="app1", last_event_at=NOON, found_at=NOON + 600_000)
BACKFILL = "comethooks backfill --app app1 --since 2027-01-15T08:00:00.000Z"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal with nothing in it."""
    url = f"sqlite:///{tmp_path}/journal.db"
    make_tables(url)
    with closing(Journal.open(url)) as journal:
        yield journal


def lines(journal: Journal, silence: StoredSilence = SILENCE, **environ: str) -> str:
    """All that is said."""
    return "\n".join(advice(silence, Settings.load(environ), journal))


def test_it_names_the_webhook_the_address_and_what_fetches_what_was_missed(
    journal: Journal,
) -> None:
    """Without keys the Dashboard shows the webhooks, and an address of this machine is none."""
    assert lines(journal).splitlines() == [
        "the webhook may be disabled, or send other triggers to another URL:"
        " Webhooks in the Dashboard",
        "the public address may not be reachable: comethooks doctor --public-url https://…",
        f"messages that were sent meanwhile are fetched by: {BACKFILL}",
    ]


def test_with_keys_and_an_address_its_commands_are_complete(journal: Journal) -> None:
    """They can be pasted."""
    told = lines(
        journal,
        COMETCHAT_MGMT_KEY="key",
        COMETCHAT_MGMT_SECRET="secret",
        COMETHOOKS_PUBLIC_URL="https://chat.example.org/",
    )
    assert "comethooks webhook list --app app1" in told
    assert "comethooks doctor --public-url https://chat.example.org\n" in told


def test_requests_that_were_refused_since_then_are_counted(journal: Journal) -> None:
    """A changed password shows there."""
    refused = [
        record(kind=Kind.REFUSED, number=number, status=401, reason="the password is wrong")
        for number in (-1, 0, 1)
    ]
    journal.write([Settled(record=each, runs=(), partition=0) for each in refused])
    assert (
        "2 requests were refused since then:"
        " comethooks requests list --outcome refused --since 2027-01-15T08:00:00.000Z"
    ) in lines(journal)


def test_when_it_is_over_it_only_says_how_to_fetch_what_was_missed(journal: Journal) -> None:
    """With both times."""
    over = replace(SILENCE, app_id="my app", resumed_at=NOON + 3_600_000)
    assert lines(journal, over) == (
        "messages that were sent meanwhile are fetched by: comethooks backfill --app 'my app'"
        " --since 2027-01-15T08:00:00.000Z --until 2027-01-15T09:00:00.000Z"
    )
