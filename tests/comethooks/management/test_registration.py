"""What has to be done for a webhook to be as it shall be."""

from dataclasses import replace

import pytest

from comethooks.management import (
    LimitError,
    NotFoundError,
    RefusedError,
    Registration,
    Step,
    StepKind,
    carry_out,
    planned,
    registrable_triggers,
)
from comethooks.schemas import TRIGGERS
from tests.cometchat import NEVER_TOLD

URL = "https://chat.example.com/webhooks"
WANTED = Registration(
    url=URL, user="u1", password="pass123", triggers=("message_sent", "message_edited")
)


def done(wanted, api) -> list[Step]:
    return list(carry_out(planned(wanted, api), api))


class TestNew:
    def test_it_is_created_with_its_triggers(self, api, server) -> None:
        assert done(WANTED, api) == [
            Step(StepKind.CREATE),
            Step(StepKind.ADD, "message_sent"),
            Step(StepKind.ADD, "message_edited"),
        ]
        assert server.webhooks == {
            "comethooks": {
                "id": "comethooks",
                "name": "comethooks",
                "webhookURL": URL,
                "useBasicAuth": True,
                "username": "u1",
                "password": "pass123",
                "enabled": True,
                "retryOnFailure": True,
            }
        }
        assert server.triggers == {"comethooks": ["message_sent", "message_edited"]}

    def test_a_plan_changes_nothing(self, api, server) -> None:
        plan = planned(WANTED, api)
        assert (plan.action, plan.add) == (StepKind.CREATE, ("message_sent", "message_edited"))
        assert server.changes == []

    def test_no_output_of_it_has_the_password(self, api) -> None:
        assert "pass123" not in f"{WANTED!r} {planned(WANTED, api)!r}"

    def test_a_26th_is_not_sent(self, api, server) -> None:
        for number in range(25):
            server.has(f"h{number}")
        with pytest.raises(LimitError, match="25"):
            planned(WANTED, api)
        assert server.changes == []

    @pytest.mark.parametrize(
        "fields",
        [{"id": "a b"}, {"name": ""}, {"url": f"https://{'x' * 250}"}, {"password": "a-b"}],
    )
    def test_what_cometchat_does_not_take_is_found_before_anything_is_sent(
        self, api, server, fields
    ) -> None:
        with pytest.raises(LimitError):
            planned(replace(WANTED, **fields), api)
        assert server.calls == []


class TestAgain:
    def test_nothing_is_added_twice(self, api, server) -> None:
        done(WANTED, api)
        before = dict(server.webhooks["comethooks"])
        plan = planned(WANTED, api)
        assert (plan.action, plan.changes, plan.untold) == (StepKind.UPDATE, (), NEVER_TOLD)
        assert list(carry_out(plan, api)) == [
            Step(StepKind.UPDATE),
            Step(StepKind.NONE, "message_sent"),
            Step(StepKind.NONE, "message_edited"),
        ]
        assert server.webhooks == {"comethooks": before}
        assert server.changes[-1] == ("PUT", "/apps/app1/webhooks/comethooks")

    def test_what_differs_is_named_and_mended(self, api, server) -> None:
        server.has(
            "comethooks",
            webhookURL="https://old.example.com",
            enabled=False,
            username="u1",
            name="Ours",
        )
        plan = planned(WANTED, api)
        assert plan.changes == ("webhookURL", "useBasicAuth", "enabled", "retryOnFailure")
        list(carry_out(plan, api))
        webhook = server.webhooks["comethooks"]
        assert (webhook["webhookURL"], webhook["enabled"], webhook["password"]) == (
            URL,
            True,
            "pass123",
        )
        assert webhook["name"] == "Ours"

    def test_a_name_is_changed_when_one_is_given(self, api, server) -> None:
        server.has("comethooks", name="Ours")
        assert "name" in planned(replace(WANTED, name="New"), api).changes

    def test_one_that_stopped_half_way_is_completed(self, api, server) -> None:
        server.has("comethooks", "message_sent", webhookURL=URL)
        assert planned(WANTED, api).add == ("message_edited",)

    def test_the_webhook_with_our_url_is_ours_whatever_its_id(self, api, server) -> None:
        """A second one beside it would deliver every event twice."""
        server.has("comethooks")
        server.has("byhand", webhookURL=URL)
        plan = planned(WANTED, api)
        assert (plan.id, plan.twins) == ("byhand", ())

    def test_of_two_with_our_url_it_is_the_one_with_our_id(self, api, server) -> None:
        server.has("byhand", webhookURL=URL)
        server.has("comethooks", webhookURL=URL)
        plan = planned(WANTED, api)
        assert (plan.id, plan.twins) == ("comethooks", ("byhand",))

    def test_an_id_that_is_given_decides(self, api, server) -> None:
        server.has("byhand", webhookURL=URL)
        plan = planned(replace(WANTED, id="other"), api)
        assert (plan.id, plan.action, plan.twins) == ("other", StepKind.CREATE, ("byhand",))

    def test_triggers_that_nobody_asked_for_are_left(self, api, server) -> None:
        server.has("comethooks", "message_sent", "user_blocked")
        plan = planned(WANTED, api)
        assert (plan.left, plan.remove) == (("user_blocked",), ())
        list(carry_out(plan, api))
        assert server.triggers["comethooks"] == ["message_sent", "user_blocked", "message_edited"]

    def test_exactly_removes_them(self, api, server) -> None:
        server.has("comethooks", "message_sent", "user_blocked")
        steps = done(replace(WANTED, exact=True), api)
        assert steps[-1] == Step(StepKind.REMOVE, "user_blocked")
        assert server.triggers["comethooks"] == ["message_sent", "message_edited"]


class TestFailures:
    @pytest.mark.parametrize("refuses_unknown", [False, True])
    def test_one_trigger_that_fails_does_not_keep_the_others_out(
        self, api, server, refuses_unknown
    ) -> None:
        """Whether CometChat says so in its result, or refuses them all because of it."""
        server.unknown, server.refuses_unknown = {"message_edited"}, refuses_unknown
        _, good, bad = done(WANTED, api)
        assert good == Step(StepKind.ADD, "message_sent")
        assert (bad.trigger, bool(bad.error)) == ("message_edited", True)
        assert server.triggers == {"comethooks": ["message_sent"]}

    def test_the_key_that_is_refused_meanwhile_ends_it(self, api, server) -> None:
        """It is not tried again for each trigger."""
        server.has("comethooks")
        steps = carry_out(planned(WANTED, api), api)
        next(steps)
        server.faults = [(404, {})]
        with pytest.raises(NotFoundError):
            list(steps)

    def test_a_webhook_that_cannot_be_made_gets_no_triggers(self, api, server) -> None:
        plan = planned(WANTED, api)
        server.faults = [(400, {"error": {"message": "no"}})]
        with pytest.raises(RefusedError):
            list(carry_out(plan, api))
        assert [method for method, _ in server.changes] == ["POST"]


class TestTriggers:
    def test_those_of_legacy_webhooks_are_five(self) -> None:
        assert set(registrable_triggers(legacy=True)) == {
            "before_message",
            "after_message",
            "message_delivery_receipt",
            "message_read_receipt",
            "after_connection_status_changed",
        }

    def test_those_of_current_ones_are_all_that_they_send(self) -> None:
        """None that end users, notification providers or we ourselves send."""
        found = set(registrable_triggers(legacy=False))
        assert (
            {"message_sent", "message_read_receipt", "group_created", "call_ended"}
            <= found
            <= set(TRIGGERS)
        )
        others = {"after_message", "ui_message_interacted", "plugin.*"}
        assert not found & {*others, "email-notification-payload-generated"}
