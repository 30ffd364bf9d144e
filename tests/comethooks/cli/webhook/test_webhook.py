"""`comethooks webhook`, against a management API of the tests' own."""

import contextlib
import os
import pty
import subprocess
import sys

import pytest

from comethooks.management import registrable_triggers
from comethooks.workers.plugins.published import HeldHandler, HeldPlugin, PluginState, publish
from comethooks.workers.settings.credentials import ensure_credentials
from comethooks.workers.settings.paths import credentials_path
from tests.cometchat import APP, KEY, cometchat
from tests.webhooks.samples import PASSWORD, USER

URL = "https://chat.example.com/webhooks"
TRIGGERS = registrable_triggers(legacy=False)


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


class TestRegister:
    def test_the_webhook_of_this_service_gets_every_trigger(self, webhook, server):
        done = webhook("register")
        assert done.exit_code == 0, done.output
        lines = done.stdout.splitlines()
        assert lines[1].split() == ["webhook", "comethooks", "created", URL]
        assert [line.split() for line in lines[2:]] == [[trigger, "added"] for trigger in TRIGGERS]
        assert server.triggers == {"comethooks": list(TRIGGERS)}
        fields = server.webhooks["comethooks"]
        assert (fields["webhookURL"], fields["username"], fields["password"]) == (
            URL,
            USER,
            PASSWORD,
        )
        assert fields["retryOnFailure"] is True

    def test_doing_it_again_is_harmless(self, webhook, server):
        webhook("register")
        before = dict(server.webhooks), dict(server.triggers)
        done = webhook("register")
        assert done.exit_code == 0, done.output
        assert (server.webhooks, server.triggers) == before
        assert (
            "nothing is known to differ; sent again, as CometChat does not tell: password"
            in done.stdout
        )
        assert done.stdout.count("there already") == len(TRIGGERS)

    def test_a_dry_run_changes_nothing_and_says_what_it_would(self, webhook, server):
        server.has("comethooks", "message_sent", webhookURL=URL)
        done = webhook(
            "register", "--dry-run", "--trigger", "message_sent", "--trigger", "message_edited"
        )
        assert done.exit_code == 0, done.output
        assert server.changes == []
        _, first, *others = done.stdout.splitlines()
        assert "would be updated" in first
        assert "changed: name, useBasicAuth, retryOnFailure" not in first
        assert "changed: useBasicAuth, retryOnFailure" in first
        assert [line.split() for line in others] == [
            ["message_sent", "there", "already"],
            ["message_edited", "would", "be", "added"],
        ]

    def test_json_is_an_object_a_step(self, webhook):
        first, second = webhook.json("register", "--trigger", "message_sent")
        common = {
            "app_id": APP,
            "webhook": "comethooks",
            "url": URL,
            "changes": [],
            "done": True,
            "error": None,
        }
        assert first == common | {"trigger": None, "action": "create"}
        assert second == common | {"trigger": "message_sent", "action": "add"}
        again, there = webhook.json(
            "register", "--trigger", "message_sent", "--dry-run", "--no-retry"
        )
        assert (again["action"], again["changes"], again["done"]) == (
            "update",
            ["retryOnFailure"],
            False,
        )
        assert (there["action"], there["done"]) == ("none", False)

    def test_a_trigger_that_fails_makes_it_fail_with_the_reason(self, webhook, server):
        server.unknown = {"message_pinned"}
        done = webhook("register")
        assert done.exit_code == 1
        [line] = [line for line in done.stdout.splitlines() if "  failed  " in line]
        assert line.split(maxsplit=2) == ["message_pinned", "failed", "no such trigger"]
        assert len(server.triggers["comethooks"]) == len(TRIGGERS) - 1

    def test_what_was_done_is_told_when_it_ends_early(self, webhook, server):
        server.faults = [(200, {"data": []}), (200, {"data": {"id": "comethooks"}}), (500, b"")]
        done = webhook("register", "--trigger", "message_sent")
        assert done.exit_code == 1
        assert "webhook comethooks  created" in done.stdout
        assert "CometChat answered 500" in done.stderr

    def test_what_is_not_asked_for_is_left_and_told(self, webhook, server):
        server.has("comethooks", "user_blocked", webhookURL=URL)
        done = webhook("register", "--trigger", "message_sent")
        assert "left as they are (--exact removes them): user_blocked" in done.stderr
        webhook("register", "--trigger", "message_sent", "--exact")
        assert server.triggers == {"comethooks": ["message_sent"]}

    def test_another_webhook_with_the_same_url_is_warned_of(self, webhook, server):
        server.has("byhand", webhookURL=URL)
        done = webhook("register", "--id", "comethooks", "--trigger", "message_sent")
        assert "byhand sends to the same URL too" in done.stderr

    def test_a_webhook_that_sends_elsewhere_so_far_is_warned_of(self, webhook, server):
        """It may be that of another deployment, which would silently get nothing any more."""
        server.has("comethooks", webhookURL="https://old.example.com/webhooks")
        done = webhook("register", "--trigger", "message_sent", "--dry-run")
        assert (
            "so far the webhook comethooks sends to https://old.example.com/webhooks" in done.stderr
        )
        server.has("comethooks", webhookURL=URL)
        assert "so far" not in webhook("register", "--trigger", "message_sent", "--dry-run").stderr

    def test_legacy_webhooks_have_triggers_of_their_own(self, webhook, server):
        server.legacy = True
        assert webhook("register", "--legacy").exit_code == 0
        assert server.triggers == {"comethooks": list(registrable_triggers(legacy=True))}

    @pytest.mark.parametrize(
        ("patterns", "legacy", "meant"),
        [
            (("message.sent",), False, ["message_sent"]),
            (("message.sent",), True, ["after_message"]),
            (("cometchat:message.sent",), False, ["message_sent"]),
            (("reaction.*",), False, ["message_reaction_added", "message_reaction_removed"]),
            (
                ("message_reaction_*", "message.sent", "message_sent"),
                False,
                ["message_reaction_added", "message_reaction_removed", "message_sent"],
            ),
        ],
    )
    def test_triggers_are_named_as_everywhere(self, webhook, server, patterns, legacy, meant):
        """By canonical names and wildcards too; CometChat gets the triggers that they mean."""
        server.legacy = legacy
        given = [each for pattern in patterns for each in ("--trigger", pattern)]
        assert webhook("register", *given, *["--legacy"] * legacy).exit_code == 0
        assert server.triggers == {"comethooks": meant}

    def test_an_unknown_trigger_is_asked_for_with_a_warning(self, webhook, server):
        """CometChat's list grows faster than ours."""
        done = webhook("register", "--trigger", "message_sung")
        assert done.exit_code == 0
        assert (
            "Warning: message_sung is no trigger of current webhooks that is known here, and is"
            " asked for; did you mean message_sent"
        ) in done.stderr
        assert server.triggers == {"comethooks": ["message_sung"]}

    @pytest.mark.parametrize("name", ["moderation_requested", "moderation.requested"])
    def test_what_moderation_asks_comes_by_no_webhook(self, webhook, server, name):
        """CometChat would not know such a trigger."""
        done = webhook("register", "--trigger", name)
        assert (done.exit_code, server.calls) == (2, [])
        assert "comes by no webhook: enter the URL of /moderation" in " ".join(done.stderr.split())

    @pytest.mark.parametrize(
        "pattern", ["mesage.*", "tickets:opened", "before_*", "message.sung", ""]
    )
    def test_what_can_only_be_a_pattern_and_fits_none_is_wrong_use(self, webhook, server, pattern):
        """Nothing is asked for that CometChat could not know."""
        done = webhook("register", "--trigger", pattern)
        assert done.exit_code == 2
        assert "no trigger of current webhooks" in done.stderr
        assert server.calls == []

    def test_a_key_of_another_kind_is_explained(self, webhook):
        done = webhook("register", COMETCHAT_MGMT_KEY="restkey1")
        assert done.exit_code == 1
        assert "the REST key of an app gets this answer too" in done.stderr
        assert "restkey1" not in done.output

    @pytest.mark.parametrize("arguments", [("--id", "a b"), ("--name", "n" * 51), ("--id", "")])
    def test_what_cometchat_does_not_take_is_wrong_use(self, webhook, server, arguments):
        assert webhook("register", *arguments).exit_code == 2
        assert server.calls == []

    def test_no_output_has_a_secret(self, webhook, server):
        server.has("comethooks", webhookURL=URL, username=USER, password=PASSWORD)
        for arguments in (
            ("register",),
            ("register", "--json"),
            ("register", "--dry-run"),
            ("list", "--json"),
        ):
            output = webhook(*arguments).output
            assert not any(secret in output for secret in (PASSWORD, KEY.key, KEY.secret))


class TestAddress:
    @pytest.mark.parametrize(
        "address",
        [
            "http://chat.example.com",
            "https://127.0.0.1",
            "https://localhost",
            "https://[::1]",
            "https://10.1.2.3",
        ],
    )
    def test_one_that_cometchat_cannot_call_is_refused_with_what_to_do(
        self, webhook, server, address
    ):
        done = webhook("register", COMETHOOKS_PUBLIC_URL=address)
        assert done.exit_code == 1
        assert "needs a public https:// address" in done.stderr
        assert "set COMETHOOKS_PUBLIC_URL" in done.stderr
        assert webhook("register", "--url", f"{address}/webhooks").exit_code == 2
        assert server.calls == []

    def test_the_default_one_is_none(self, webhook):
        assert webhook("register", COMETHOOKS_PUBLIC_URL="").exit_code == 1

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ("https://in.example.com", "https://in.example.com/webhooks"),
            ("https://in.example.com/hooks/chat", "https://in.example.com/hooks/chat"),
        ],
    )
    def test_another_one_can_be_given(self, webhook, server, given, sent):
        webhook("register", "--url", given, "--trigger", "message_sent")
        assert server.webhooks["comethooks"]["webhookURL"] == sent

    def test_a_password_in_it_is_neither_sent_nor_shown(self, webhook, server):
        done = webhook("register", "--url", "https://u:hush@in.example.com/x")
        assert (done.exit_code, server.calls) == (2, [])
        assert "hush" not in done.output


class TestByHand:
    def test_without_keys_it_prints_what_to_do_and_fails(self, by_hand):
        """Nothing is registered, and a script must not believe that it is."""
        done = by_hand("register", "--id", "ours")
        assert done.exit_code == 1
        assert "CometChat's sales team" in done.stderr
        assert "Nothing is registered yet." in done.stderr
        assert f"open the app {APP}, and there Settings → Webhooks → Add" in done.stdout
        for name, value in {
            "ID": "ours",
            "URL": URL,
            "user": USER,
            "retry on failure": "on: ",
        }.items():
            assert any(
                line.strip().startswith(name) and value in line for line in done.stdout.splitlines()
            ), name
        assert all(f"[ ] {trigger}\n" in done.stdout for trigger in TRIGGERS)

    def test_it_says_where_moderation_asks(self, by_hand):
        """A list has a URL of its own, whichever generation the app's webhooks are of."""
        asked = f"{URL.removesuffix('/webhooks')}/moderation?app={APP}&rule=NAME"
        assert asked in by_hand("register").stdout
        assert asked in by_hand("register", "--legacy").stdout

    def test_a_dry_run_that_prints_it_has_done_what_it_should(self, by_hand):
        assert by_hand("register", "--dry-run").exit_code == 0

    def test_the_password_is_shown_on_a_terminal_only(self, by_hand, command):
        done = by_hand("register")
        assert PASSWORD not in done.output
        assert "that of this user in COMETHOOKS_BASIC_AUTH" in done.stdout
        code, shown = on_a_terminal(command, "webhook", "register", "--trigger", "message_sent")
        assert code == 1
        assert f"password           {PASSWORD}" in shown

    def test_of_one_that_was_made_here_the_file_is_named(self, by_hand, tmp_path):
        ensure_credentials(tmp_path)
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="")
        assert f"in {credentials_path(tmp_path)}" in done.stdout

    def test_json_has_the_values_without_the_password(self, by_hand, command):
        [document] = command.json(
            "webhook", "register", "--dry-run", "--trigger", "message_sent", "--no-retry"
        )
        assert document == {
            "app_id": APP,
            "webhook": "comethooks",
            "name": "comethooks",
            "url": URL,
            "user": USER,
            "retry": False,
            "triggers": ["message_sent"],
            "by_hand": True,
            "done": False,
        }

    def test_what_the_dashboard_does_not_take_is_found_here_too(self, by_hand):
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="u:hush-hush")
        assert done.exit_code == 1
        assert 'the password of "u" in COMETHOOKS_BASIC_AUTH' in done.stderr
        assert "hush" not in done.output

    def test_without_credentials_there_is_nothing_to_enter(self, by_hand):
        done = by_hand("register", COMETHOOKS_BASIC_AUTH="")
        assert done.exit_code == 1
        assert "start `comethooks up` once" in done.stderr

    @pytest.mark.parametrize("arguments", [("list",), ("remove", "x", "--yes")])
    def test_the_rest_needs_the_keys(self, by_hand, arguments):
        done = by_hand(*arguments)
        assert done.exit_code == 1
        assert "COMETCHAT_MGMT_KEY" in done.stderr


class TestApps:
    SEVERAL = "app1:eu,app2:us"

    @pytest.mark.parametrize("arguments", [("register",), ("list",), ("remove", "x", "--yes")])
    def test_of_several_one_has_to_be_named(self, webhook, server, arguments):
        done = webhook(*arguments, COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 2
        assert "say with --app which one, app1 or app2" in done.stderr
        assert server.calls == []

    def test_the_one_that_is_named_is_taken(self, webhook, server):
        done = webhook("register", "--app", "app1", COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 0, done.output
        assert all(call.path.startswith("/apps/app1/") for call in server.calls)

    def test_one_whose_events_would_be_refused_is_not(self, webhook):
        done = webhook("register", "--app", "app3", COMETHOOKS_APPS=self.SEVERAL)
        assert done.exit_code == 2
        assert "add it to COMETHOOKS_APPS" in done.stderr

    def test_where_none_is_configured_it_has_to_be_named(self, webhook):
        assert webhook("list", COMETHOOKS_APPS="").exit_code == 2
        assert webhook("list", "--app", "app1", COMETHOOKS_APPS="").exit_code == 0

    @pytest.mark.parametrize("app", ["..", "a/b", ""])
    def test_what_is_no_app_id_is_not_sent(self, webhook, server, app):
        assert webhook("list", "--app", app, COMETHOOKS_APPS="").exit_code == 2
        assert server.calls == []


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
        code, shown = on_a_terminal(command, *arguments, answer="n")
        assert (code, server.changes) == (1, [])
        assert "Nothing was changed." in shown
        assert on_a_terminal(command, *arguments, answer="y")[0] == 0
        assert server.webhooks == {}


def on_a_terminal(command, *arguments, answer="") -> tuple[int, str]:
    """The exit code of the command where somebody sits and answers, and everything that they
    see.
    """
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "comethooks.cli", *arguments],
        env={**os.environ, **command.environ},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal that nobody has open any more
        while part := os.read(ours, 65_536):
            shown += part
    os.close(ours)
    return done.returncode, shown.decode()


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
