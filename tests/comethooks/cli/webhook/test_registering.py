"""`comethooks webhook register`: which webhook is made, and what is told of it."""

import pytest

from comethooks.management import registrable_triggers
from tests.cometchat import APP, KEY
from tests.webhooks.samples import PASSWORD, USER

URL = "https://chat.example.com/webhooks"
TRIGGERS = registrable_triggers(legacy=False)


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
