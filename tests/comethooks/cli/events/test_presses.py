"""Presses on interactive messages: whatever a device writes is kept and shown, and what a token
proved goes along wherever the event goes.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from comethooks.webhooks.app import create_app
from comethooks.workers.journal import Journal, Settled
from comethooks.workers.presses.tokens import PATH, InteractionToken, mint
from comethooks.workers.record import Record, event_of
from comethooks.workers.settings.interaction_keys import InteractionKey
from comethooks.workers.settings.settings import Settings
from tests import servers
from tests.application import Kept, kept  # noqa: F401  (a fixture)
from tests.comethooks.cli.conftest import Command
from tests.tables import make_tables
from tests.webhooks.interactions.device_presses import press
from tests.webhooks.samples import raw

SECRET = "a-secret-of-the-test"
KEY = InteractionKey("k1", SECRET.encode())
ODD = "a\x00b\ud83d"


@dataclass(frozen=True)
class Deployment:
    """A web process, a journal and the command, of which the last two read one database."""

    command: Command
    kept: Kept
    url: str

    def pressed(self, *presses: tuple[Any, dict[str, Any]]) -> list[Record]:
        """What a journal has of presses, each a body and what its token is for."""
        environ = {**self.command.environ, "COMETHOOKS_INTERACTION_KEYS": f"k1:{SECRET}"}
        client = create_app(Settings.load(environ)).test_client()
        for body, token in presses:
            url = f"{PATH}{mint([KEY], InteractionToken(app='app1', **token))}"
            assert client.post(url, data=raw(body)).status_code == 200
        with closing(Journal.open(self.url)) as journal:
            journal.write([Settled(record=each, runs=(), partition=0) for each in self.kept()])
        return self.kept()


@pytest.fixture(params=["sqlite", "postgresql"])
def deployment(
    request: pytest.FixtureRequest,
    command: Command,
    kept: Kept,  # noqa: F811
    tmp_path: Path,
) -> Iterator[Deployment]:
    """One with each database."""
    if request.param == "sqlite":
        url = Settings.load(command.environ).database_url
        make_tables(url)
        yield Deployment(command, kept, url)
        return
    with servers.postgres_schema(request.getfixturevalue("postgres_server")) as url:
        make_tables(url)
        environ = {**command.environ, "DATABASE_URL": url}
        yield Deployment(Command(environ), kept, url)


def test_a_press_with_nul_and_half_a_surrogate_pair_is_kept_and_shown(
    deployment: Deployment,
) -> None:
    """In the ids of who pressed what on which message, and in the answers."""
    body = press(
        messageId=ODD, interactedBy=ODD, interactedElementId=ODD, formData={ODD: ODD, "b": [ODD]}
    )
    [record] = deployment.pressed((body, {"expires": 2**40}))
    [shown] = deployment.command.json("events", "show", record.id)
    assert shown["payload"] == body
    [listed] = deployment.command.json("events", "list")
    assert listed["id"] == record.id
    done = deployment.command("events", "show", record.id)
    assert done.exit_code == 0, done.output
    assert "a\\u0000b\\ud83d" in done.stdout
    assert "\x00" not in done.stdout


@pytest.mark.parametrize("deployment", ["sqlite"], indirect=True)
def test_a_press_is_listed_with_who_pressed_and_the_conversation_that_it_names(
    deployment: Deployment,
) -> None:
    """And found by either."""
    body = press(interactedBy="zoe", conversationId="group_hikers")
    native = {"mine": {"name": "Ada"}, "cometchatSenderUid": "omar"}
    [first, second] = deployment.pressed((body, {"message": "57"}), (native, {"message": "57"}))
    listed = {each["id"]: each for each in deployment.command.json("events", "list")}
    assert listed[first.id]["sender"] == "zoe"
    assert listed[first.id]["conversation_id"] == "group_hikers"
    assert (listed[second.id]["sender"], listed[second.id]["conversation_id"]) == ("omar", None)
    for asked in (("--user", "zoe"), ("--conversation", "group_hikers")):
        [found] = deployment.command.json("events", "list", *asked)
        assert found["id"] == first.id


TOKENS: tuple[dict[str, Any], ...] = (
    {"message": "57"},
    {"message": "57", "element": "other"},
    {"muid": "m-1"},
    {"expires": 2**40},
)
BODIES: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda user: press(interactedBy=user),
    lambda user: {"mine": {"name": "Ada"}, "cometchatSenderUid": user},
    lambda user: {**press(interactedBy=user), "trigger": "made_up"},
)
"""As the web kits write it, as React Native does, and one that calls itself something else."""


@pytest.mark.parametrize("redact", [False, True], ids=["whole", "redacted"])
@pytest.mark.parametrize("deployment", ["sqlite"], indirect=True)
def test_what_a_token_proved_goes_along(
    deployment: Deployment, tmp_path: Path, redact: bool
) -> None:
    """Into an export, masked or not, out of it into another journal, and into its next export."""
    presses = [
        (write(f"u{number}"), token)
        for number, (write, token) in enumerate(product(BODIES, TOKENS))
    ]
    records = deployment.pressed(*presses)
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    options = ("--redact",) if redact else ()
    away = elsewhere(deployment.command, tmp_path / "elsewhere")
    for command, arguments in (
        (deployment.command, ("export", "--output", str(first), *options)),
        (away, ("import", str(first))),
        (away, ("export", "--output", str(second), *options)),
    ):
        done = command("events", *arguments)
        assert done.exit_code == 0, done.output
    there = {record.id: record for record in reread(away)}
    assert len(there) == len(presses)
    for here in records:
        assert proved_in(there[here.id]) == proved_in(here)
    if not redact:  # of what is masked the size is another one, and nothing says what was entered
        assert second.read_bytes() == first.read_bytes()
        for here in records:
            assert told(there[here.id]) == told(here)


def elsewhere(command: Command, directory: Path) -> Command:
    """The command with an empty journal of its own, and without a server."""
    directory.mkdir()
    own = {"COMETHOOKS_DATA_DIR": str(directory), "REDIS_URL": "unix:///nowhere/redis.sock"}
    environ = {**command.environ, **own}
    make_tables(Settings.load(environ).database_url)
    return Command(environ)


def reread(command: Command) -> list[Record]:
    """The records of all events, as a replay reads them."""
    with closing(Journal.open(Settings.load(command.environ).database_url)) as journal:
        return [event.record for event in journal.whole_events()]


def proved_in(record: Record) -> tuple[Any, ...]:
    """Where a press belongs, as its token says, and what handlers are told of that."""
    interaction = event_of(record).interaction
    assert interaction is not None
    proved = {name: each for name, each in record.headers.items() if name.startswith("proved_")}
    return (
        *(record.trigger, record.name, record.app_id, record.source, record.received_at, proved),
        *(interaction.muid, interaction.verified),
        *(
            getattr(interaction, f"{name}_id")
            for name in ("message", "element")
            if f"proved_{name}" in proved
        ),
    )


def told(record: Record) -> tuple[Any, ...]:
    """Who pressed what, by token and body together."""
    interaction = event_of(record).interaction
    assert interaction is not None
    return interaction.user, interaction.message_id, interaction.element_id, interaction.answers
