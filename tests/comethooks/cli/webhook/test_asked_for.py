"""The triggers that plugins ask for, and `comethooks webhook register --for-handlers`."""

import pytest

from comethooks.management import registrable_triggers
from comethooks.workers.plugins.published import HeldHandler, HeldPlugin, PluginState, publish

TRIGGERS = registrable_triggers(legacy=False)


class TestHandlers:
    """What the handlers ask for."""

    GREET = """
        from comethooks import Plugin

        plugin = Plugin("welcome")

        @plugin.on("message.sent", "group_*")
        def greet(event, ctx):
            pass
    """

    def test_fewer_triggers_are_offered(self, webhook, folder):
        """All are registered, as long as nobody takes that."""
        folder("welcome.py", self.GREET)
        done = webhook("register")
        assert done.exit_code == 0
        groups = [trigger for trigger in TRIGGERS if trigger.startswith("group_")]
        said = f"Your plugins ask for {1 + len(groups)} of these {len(TRIGGERS)} triggers: "
        assert said in done.stderr
        assert "--for-handlers registers only those" in done.stderr

    def test_they_alone_are_registered_when_that_is_asked_for(self, webhook, server, folder):
        """With those that are named."""
        folder("welcome.py", self.GREET)
        assert webhook("register", "--for-handlers", "--trigger", "call_initiated").exit_code == 0
        groups = [trigger for trigger in TRIGGERS if trigger.startswith("group_")]
        assert sorted(server.triggers["comethooks"]) == sorted(
            ["message_sent", "call_initiated", *groups]
        )

    def test_the_echo_of_an_edit_comes_with_the_trigger_of_messages(self, webhook, server, folder):
        """CometChat knows no trigger for it alone."""
        folder(
            "welcome.py",
            self.GREET.replace('"message.sent", "group_*"', '"message.echo", echoes=True'),
        )
        assert webhook("register", "--for-handlers").exit_code == 0
        assert server.triggers["comethooks"] == ["message_sent"]

    def test_what_the_workers_have_counts_more_than_what_is_found_here(
        self, webhook, server, folder, redis_server
    ):
        """It is they who handle the events."""
        folder("welcome.py", self.GREET)
        notes = HeldPlugin(
            "notes",
            PluginState.LOADED,
            "/srv/notes.py",
            handlers=(HeldHandler("notes.note", ("user_blocked",)),),
        )
        with redis_server.client() as client:
            publish(client, "far|boot|1", [notes])
        assert webhook("register", "--for-handlers").exit_code == 0
        assert server.triggers["comethooks"] == ["user_blocked"]

    def test_without_a_handler_there_is_nothing_to_choose(self, webhook, server):
        """And nothing is registered."""
        done = webhook("register", "--for-handlers")
        assert done.exit_code == 1
        assert "no plugin asks for a trigger" in done.output
        assert server.triggers == {}

    DECIDE = """
        from comethooks import Plugin

        plugin = Plugin("gatekeeper")

        @plugin.decide("before_message", "moderation_requested")
        def judge(event, ctx):
            pass
    """

    def test_a_decider_asks_for_messages_in_flight(self, webhook, server, folder):
        """It would never be asked otherwise; moderation asks by no webhook."""
        folder("gatekeeper.py", self.DECIDE)
        server.legacy = True
        done = webhook("register", "--for-handlers", "--legacy")
        assert done.exit_code == 0, done.output
        assert server.triggers["comethooks"] == ["before_message"]

    def test_where_current_webhooks_bring_no_message_in_flight_that_is_said(self, webhook, folder):
        """With what brings them."""
        folder("gatekeeper.py", self.DECIDE)
        done = webhook("register", "--for-handlers")
        assert done.exit_code == 1
        assert "--legacy" in done.output

    @pytest.mark.shipped
    def test_what_ships_and_decides_in_shadow_asks_for_nothing(self, webhook, server):
        """No message has to wait for it."""
        server.legacy = True
        assert webhook("register", "--for-handlers", "--legacy").exit_code == 0
        assert "before_message" not in server.triggers["comethooks"]

    def test_handlers_that_want_everything_are_no_reason_to_offer_less(self, webhook, folder):
        """Nor is a webhook whose triggers are named."""
        folder("welcome.py", self.GREET.replace('"message.sent", "group_*"', '"*"'))
        assert "Your plugins" not in webhook("register").stderr
        folder("welcome.py", self.GREET)
        assert "Your plugins" not in webhook("register", "--trigger", "message_sent").stderr
