"""The command, and a management API of the tests' own."""

import pytest

from tests.cometchat import APP, KEY, cometchat


@pytest.fixture
def server():
    """The management API."""
    with cometchat() as state:
        yield state


@pytest.fixture
def webhook(command, server):
    """`comethooks webhook`, with an app, a public address and keys."""
    command.environ.update(
        {
            "COMETHOOKS_APPS": f"{APP}:eu",
            "COMETHOOKS_PUBLIC_URL": "https://chat.example.com",
            "COMETCHAT_MGMT_KEY": KEY.key,
            "COMETCHAT_MGMT_SECRET": KEY.secret,
        }
    )

    def run(*arguments, **variables):
        return command("webhook", *arguments, "--api", server.url, **variables)

    run.json = lambda *arguments: command.json("webhook", *arguments, "--api", server.url)
    return run


@pytest.fixture
def by_hand(command):
    """The same without keys."""
    command.environ.update(
        {"COMETHOOKS_APPS": f"{APP}:eu", "COMETHOOKS_PUBLIC_URL": "https://chat.example.com"}
    )
    return lambda *arguments, **variables: command("webhook", *arguments, **variables)
