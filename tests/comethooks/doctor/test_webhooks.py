"""The webhooks of the apps at CometChat."""

from comethooks.doctor.finding import Level
from comethooks.doctor.webhooks import check_webhooks
from tests.cometchat import APP, KEY, cometchat

URL = "https://chat.example.com/webhooks"


def test_two_that_send_the_same_to_one_url_are_a_warning() -> None:
    """As `webhook list` says: each event is handled twice."""
    with cometchat() as server:
        server.has("h1", "message_sent", "user_blocked", webhookURL=URL)
        server.has("h2", "message_sent", webhookURL=URL)
        [found] = check_webhooks([APP], KEY, base_url=server.url)
    assert (found.check, found.level) == ("webhooks", Level.WARNING)
    assert found.detail == (
        f"app {APP}: h1 and h2 both send message_sent to {URL}, and each of these events is handled"
        " twice"
    )
    assert found.advice == "remove one: comethooks webhook remove h2"


def test_others_are_counted() -> None:
    """Also those with one URL that send different events."""
    with cometchat() as server:
        server.has("h1", "message_sent", webhookURL=URL)
        server.has("h2", "user_blocked", webhookURL=URL)
        [found] = check_webhooks([APP], KEY, base_url=server.url)
    assert (found.level, found.detail) == (
        Level.OK,
        f"app {APP}: 2 webhooks, none sends what another does",
    )


def test_an_api_that_does_not_tell_is_a_warning() -> None:
    """With what to try; the other apps are looked at all the same."""
    with cometchat() as server:
        found = list(check_webhooks(["nobodys", APP], KEY, base_url=server.url))
    assert [each.level for each in found] == [Level.WARNING, Level.OK]
    assert found[0].detail.startswith("those of the app nobodys are not known: ")
