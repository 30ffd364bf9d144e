"""`comethooks webhook list` and `remove`."""

import pytest

from comethooks.management import registrable_triggers
from tests.cometchat import APP
from tests.comethooks.cli.pseudo_terminal import on_terminal

URL = "https://chat.example.com/webhooks"
TRIGGERS = registrable_triggers(legacy=False)


class TestList:
    def test_it_has_what_cometchat_tells(self, webhook, server):
        server.has("h1", "message_sent", "user_blocked", name="One")
        server.has("h2", *TRIGGERS, enabled=False, retryOnFailure=True)
        done = webhook("list")
        assert done.exit_code == 0, done.output
        _, first, second = (line.split() for line in done.stdout.splitlines())
        assert first == [
            "h1",
            "One",
            "yes",
            "no",
            "message_sent,",
            "user_blocked",
            "https://example.com/h1",
        ]
        assert second == ["h2", "h2", "no", "yes", str(len(TRIGGERS)), "https://example.com/h2"]

    def test_json_has_all_of_it(self, webhook, server):
        server.has("h1", "message_sent")
        [document] = webhook.json("list")
        assert document == {
            "app_id": APP,
            "id": "h1",
            "name": "h1",
            "url": "https://example.com/h1",
            "enabled": True,
            "retry": False,
            "uses_basic_auth": False,
            "user": None,
            "triggers": ["message_sent"],
        }

    @pytest.mark.parametrize("arguments", [(), ("--json",)])
    def test_two_that_send_the_same_to_one_url_are_warned_of(self, webhook, server, arguments):
        """Each of their events is handled twice, since the bodies name different webhooks."""
        server.has("h1", "message_sent", "user_blocked", webhookURL=URL, enabled=True)
        server.has("h2", "message_sent", webhookURL=URL, enabled=True)
        server.has("elsewhere", "message_sent", enabled=True)
        server.has("off", "message_sent", webhookURL=URL, enabled=False)
        server.has("the_rest", "call_started", webhookURL=URL, enabled=True)
        warnings = webhook("list", *arguments).stderr.split("Warning: ")[1:]
        assert [" ".join(each.split()) for each in warnings] == [
            f"h1 and h2 both send message_sent to {URL}, and each of these events is handled twice;"
            " remove one: comethooks webhook remove h2"
        ]

    def test_none_is_no_failure(self, webhook):
        done = webhook("list")
        assert (done.exit_code, done.stdout) == (0, "")
        assert "No current webhooks found; with --legacy, legacy ones are listed." in done.stderr


class TestRemove:
    def test_it_is_gone(self, webhook, server):
        server.has("h1")
        done = webhook("remove", "h1", "--yes")
        assert (done.exit_code, done.stdout) == (0, "h1 removed.\n")
        assert "sends to https://example.com/h1" in done.stderr
        assert server.webhooks == {}

    def test_json_says_so(self, webhook, server):
        server.has("h1")
        assert webhook.json("remove", "h1", "--yes") == [
            {"app_id": APP, "webhook": "h1", "removed": True}
        ]

    def test_one_that_is_not_there_is_a_failure_that_names_the_others(self, webhook, server):
        server.has("h1")
        done = webhook("remove", "h2", "--yes")
        assert done.exit_code == 1
        assert "the app app1 has no webhook h2; there are: h1" in done.stderr
        assert server.changes == []

    def test_without_a_terminal_it_does_not_ask(self, webhook, server):
        server.has("h1")
        done = webhook("remove", "h1")
        assert done.exit_code == 2
        assert "add --yes" in done.stderr
        assert server.calls == []

    def test_whoever_would_rather_not_keeps_it(self, command, webhook, server):
        server.has("h1")
        arguments = ("webhook", "remove", "h1", "--api", server.url)
        done, said = on_terminal(command, "n", *arguments)
        assert (done.returncode, server.changes) == (1, [])
        assert "Nothing was changed." in said
        assert on_terminal(command, "y", *arguments)[0].returncode == 0
        assert server.webhooks == {}
