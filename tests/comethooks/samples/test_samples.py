"""Samples are bodies that CometChat could have sent, and no two are the same event."""

from collections.abc import Iterator
from random import Random

import pytest

from comethooks import schemas
from comethooks.samples import (
    all_kinds,
    all_samples,
    put,
    remove,
    sample,
    table,
    value_of,
)
from comethooks.schemas.triggers.trigger import Sender
from comethooks.workers.texts import dumps
from tests.looped import looped

NOW = 1_790_000_000_123
HOUR = 3_600_000
KINDS = list(all_kinds())
IN_ORDER = (
    ("createdAt", "updatedAt"),
    ("sentAt", "updatedAt"),
    ("sentAt", "editedAt"),
    ("sentAt", "deletedAt"),
    ("sentAt", "pinnedAt"),
    ("scheduledAt", "sentAt"),
    ("sentAt", "completedAt"),
    ("sentAt", "deliveredAt"),
    ("deliveredAt", "readAt"),
    ("readAt", "interactedAt"),
    ("deliveredAt", "clickedAt"),
    ("initiatedAt", "sentAt"),
    ("joined_at", "left_at"),
    ("created_at", "destroyed_at"),
    ("startTime", "endTime"),
)
DOCUMENTED = (
    "cometchat-uid",
    "cometchat-guid",
    "superhero",
    "supergroup",
    "andrew",
    "george alan",
    "susan marie",
    "john paul",
    "kevin hart",
    "iron man",
    "captain america",
    "hiking group",
    "comic hero",
)
SHAPES = {  # what a handler would look for first, by trigger
    "message_edited": "data.message.data.entities.on.entity.editedAt",
    "message_deleted": "data.message.data.entities.on.entity.deletedAt",
    "message_pinned": "data.message.pinnedAt",
    "message_read_by_all": "data.body.messageId",
    "message_reaction_added": "data.reaction.id",
    "user_mentioned": "data.message.data.mentions",
    "user_blocked": "data.by.uid",
    "group_created": "data.group.owner",
    "group_owner_transferred": "data.group.oldOwner",
    "call_initiated": "data.call.data.entities.on.entity.sessionid",
    "call_ended": "data.all_occupants.0.left_at",
    "recording_generated": "data.recording_url",
    "moderation_engine_failed": "data.failures.0.failedAt",
    "moderation_manual_approved": "data.moderation.0.rule.blockedAt",
    "after_push_notification_clicked": "data.clickedAt",
    "sms-notification-payload-generated": "data.to.phno",
}


def made(kind, seed):
    """A sample of this kind."""
    return sample(
        kind.trigger,
        now_ms=NOW,
        random=Random(seed),
        app_id="app1",
        legacy=kind.legacy,
        bot=kind.bot,
        variant=kind.variant,
    )


def parsed(body):
    raw = dumps(body)
    return schemas.parse(schemas.decode(raw), raw)


def objects(value) -> Iterator[dict]:
    """Every object in a body."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects(item)


def at(body, path):
    for key in path.split("."):
        body = body[int(key) if key.isdigit() else key]
    return body


def uid_of(party):
    return party.get("uid") or party["guid"]


class TestEveryKind:
    @looped("kind", KINDS, ids=str)
    def test_fits_its_schema(self, kind):
        """It is accepted, as what it says it is, and happened just now: at most the length of a
        recording ago.
        """
        for seed in range(10):
            found = parsed(made(kind, seed))
            assert (found.trigger, found.app_id) == (kind.trigger, "app1")
            assert found.occurred_at is None or NOW - HOUR < found.occurred_at <= NOW

    @looped("kind", KINDS, ids=str)
    def test_a_message_is_in_the_conversation_of_its_parties(self, kind):
        """Sender, receiver, conversation and entities of a message name the same people."""
        for seed in range(10):
            for each in objects(made(kind, seed)):
                if not {"conversationId", "sender", "receiver", "receiverType"} <= each.keys():
                    continue
                pair = sorted((each["sender"], each["receiver"]))
                group = f"group_{each['receiver']}"
                expected = group if each["receiverType"] == "group" else "_user_".join(pair)
                assert each["conversationId"] == expected
                assert each["sender"] != each["receiver"]
                entities = each.get("data", {}).get("entities", {})
                for party in ("sender", "receiver"):
                    if party in entities:
                        assert uid_of(entities[party]["entity"]) == each[party]

    @looped("kind", KINDS, ids=str)
    def test_people_are_kept_under_their_uids(self, kind):
        """That is how members, blocked users and mentions are written."""
        for each in objects(made(kind, 1)):
            for key in ("members", "users", "mentions"):
                for uid, person in each.get(key, {}).items():
                    assert person["uid"] == uid

    @looped("kind", KINDS, ids=str)
    def test_times_are_in_order_and_not_in_the_future(self, kind):
        """What comes first is not later than what follows from it."""
        for seed in range(10):
            for each in objects(made(kind, seed)):
                for first, second in IN_ORDER:
                    if each.get(first) and each.get(second):
                        assert int(each[first]) <= int(each[second]), (first, second)
                for key, value in each.items():
                    if key == "meetStartAt":  # an appointment
                        continue
                    if (
                        isinstance(value, int)
                        and value > 10**9
                        and key.lower().endswith(("at", "time"))
                    ):
                        assert value <= (NOW if value > 10**11 else NOW // 1000), key

    @looped("kind", KINDS, ids=str)
    def test_nobody_of_the_documentation_is_in_it(self, kind):
        """All people, groups and texts are our own."""
        text = dumps(made(kind, 1)).decode().lower()
        assert [name for name in DOCUMENTED if name in text] == []


class TestTable:
    def test_every_trigger_of_cometchat_has_a_sample(self):
        """A trigger that gets an entry in the schemas gets one here."""
        cometchat = {Sender.LEGACY, Sender.CURRENT, Sender.PROVIDER}
        theirs = {name for name, trigger in schemas.TRIGGERS.items() if trigger.senders & cometchat}
        assert sorted(theirs - table().keys()) == [], (
            "these need a body in comethooks/samples/bodies/current"
        )

    def test_no_sample_repeats_another(self):
        """Thirty of each kind within a second are as many events."""
        random, keys = Random(7), {}
        for number in range(30):
            for kind, body in all_samples(now_ms=NOW + number, random=random):
                assert keys.setdefault(parsed(body).duplicate_key, (number, kind)) == (number, kind)

    @pytest.mark.parametrize(("trigger", "path"), SHAPES.items())
    def test_has_what_its_trigger_is_about(self, trigger, path):
        """Where CometChat's documentation has it, or where it was seen live."""
        assert at(sample(trigger, now_ms=NOW, random=Random(1)), path)

    @pytest.mark.parametrize("trigger", ["message_delivery_receipt", "message_read_receipt"])
    def test_receipts_are_current_unless_asked_for_as_legacy(self, trigger):
        """The two triggers have the same names in both generations."""
        current = sample(trigger, now_ms=NOW, random=Random(1))
        legacy = sample(trigger, now_ms=NOW, random=Random(1), legacy=True)
        assert current["data"]["body"]["messageId"]
        assert legacy["data"]["receiptType"] in ("delivered", "read")

    def test_a_message_belongs_to_two_users_or_to_a_group(self):
        """Both come up."""
        bodies = [sample("message_sent", now_ms=NOW, random=Random(seed)) for seed in range(50)]
        kinds = {body["data"]["message"]["receiverType"] for body in bodies}
        assert kinds == {"user", "group"}

    def test_a_message_in_flight_has_no_id_yet(self):
        """It gets one when it is delivered."""
        assert "id" not in sample("before_message", now_ms=NOW, random=Random(1))["data"]

    def test_a_bot_is_called_with_its_uid_in_the_place_of_a_webhook(self):
        """The message in it is for the bot."""
        body = sample("after_message", now_ms=NOW, random=Random(1), bot=True)
        assert "webhook" not in body
        assert body["bot"] == body["data"]["receiver"]
        assert body["origin"].keys() == {"platform", "language", "resource"}

    @pytest.mark.parametrize("status", ["rejected", "busy"])
    def test_what_the_called_one_did_comes_the_other_way_round(self, status):
        """The pair that stays the same is in the call itself."""
        for seed in range(20):
            call = sample(f"call_{status}", now_ms=NOW, random=Random(seed))["data"]["call"]
            itself = call["data"]["entities"]["on"]["entity"]
            assert (
                call["data"]["entities"]["by"]["entity"]["uid"]
                == call["sender"]
                != itself["sender"]
            )
            if call["receiverType"] == "user":
                assert (call["sender"], call["receiver"]) == (itself["receiver"], itself["sender"])

    @pytest.mark.parametrize("change", ["edited", "deleted"])
    def test_a_change_is_written_as_documented_or_as_seen_live(self, change):
        """As an action with an id of its own, or as the message itself."""
        random = Random(1)
        documented = sample(f"message_{change}", now_ms=NOW, random=random)["data"]["message"]
        live = sample(f"message_{change}", now_ms=NOW, random=random, variant="live")["data"][
            "message"
        ]
        assert (documented["category"], documented["data"]["action"]) == ("action", change)
        assert documented["id"] != documented["data"]["entities"]["on"]["entity"]["id"]
        assert (live["category"], live[f"{change}At"]) == ("message", NOW // 1000)

    @pytest.mark.parametrize(
        ("variant", "category", "kind"),
        [
            ("image", "message", "image"),
            ("custom", "custom", "location"),
            ("form", "interactive", "form"),
            ("kicked", "action", "groupMember"),
            ("edited", "action", "message"),
        ],
    )
    def test_variants_are_messages_of_other_categories(self, variant, category, kind):
        """The name of a variant is ours, what is in it CometChat's."""
        message = sample("message_sent", now_ms=NOW, random=Random(1), variant=variant)["data"][
            "message"
        ]
        assert (message["category"], message["type"]) == (category, kind)

    @pytest.mark.parametrize(
        ("trigger", "options"),
        [
            ("message_sent", {"legacy": True}),
            ("message_sent", {"bot": True}),
            ("message_sent", {"variant": "smell"}),
            ("nothing_like_it", {}),
        ],
    )
    def test_what_there_is_none_of_is_a_key_error(self, trigger, options):
        """Whether it is the trigger, its generation or the variant."""
        with pytest.raises(KeyError):
            sample(trigger, now_ms=NOW, random=Random(1), **options)

    def test_the_generations_have_their_own_tables(self):
        """Nearly everything is of today."""
        assert table(legacy=True).keys() <= table().keys()
        assert set(table(bot=True)) == {"after_message"}


class TestPut:
    def test_changes_a_value(self):
        """What was there is gone."""
        body = {"data": {"text": "a"}}
        put(body, "data.text", "b")
        assert body == {"data": {"text": "b"}}

    def test_makes_the_objects_on_the_way(self):
        """So that metadata can be set where there is none."""
        body = {}
        put(body, "data.metadata.ours", 1)
        assert body == {"data": {"metadata": {"ours": 1}}}

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("a.1", [{"b": 1}, "new"]), ("a.0.b", [{"b": "new"}, 2]), ("a.2", [{"b": 1}, 2, "new"])],
    )
    def test_a_number_is_a_place_in_a_list(self, path, expected):
        """The place after the last one appends."""
        body = {"a": [{"b": 1}, 2]}
        put(body, path, "new")
        assert body == {"a": expected}

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("a.x", "a is a text and no object, so nothing can be set at a.x"),
            ("a.x.y", "a is a text and no object"),
            ("n.x", "n is null and no object"),
            ("c.d.e", "c.d is a number and no object"),
            ("l.3", "l is a list, and '3' is no place in it (allowed: from 0 to 1)"),
            ("l.x", "l is a list, and 'x' is no place in it"),
            ("l.-1", "l is a list"),
            (
                "e.0.x",
                "e is a list, and '0' is no place in it (allowed: none, because it is empty)",
            ),
            ("a..b", "the path 'a..b' has an empty part"),
            ("", "the path '' has an empty part"),
        ],
    )
    def test_says_what_is_in_the_way(self, path, text):
        """By its path and what it is."""
        with pytest.raises(ValueError) as caught:
            put({"a": "text", "n": None, "c": {"d": 1}, "l": [1], "e": []}, path, 1)
        assert text in str(caught.value)


class TestRemove:
    @pytest.mark.parametrize(
        ("path", "left"),
        [
            ("a.b", {"a": {"c": [1, {"d": 2}]}}),
            ("a", {}),
            ("a.c.0", {"a": {"b": None, "c": [{"d": 2}]}}),
            ("a.c.1.d", {"a": {"b": None, "c": [1, {}]}}),
        ],
    )
    def test_removes_what_is_there(self, path, left):
        """Whatever it is, null too."""
        body = {"a": {"b": None, "c": [1, {"d": 2}]}}
        assert remove(body, path)
        assert body == left

    @pytest.mark.parametrize("path", ["b", "a.x", "a.b.x", "a.c.2", "a.c.x", "a.c.2.d", "a.c.-1"])
    def test_says_when_nothing_is_there(self, path):
        """And leaves the body as it is."""
        body = {"a": {"b": "text", "c": [1, 2]}}
        assert not remove(body, path)
        assert body == {"a": {"b": "text", "c": [1, 2]}}

    def test_a_path_with_an_empty_part_is_no_path(self):
        """As in setting."""
        with pytest.raises(ValueError, match="empty part"):
            remove({}, "a..b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hello", "hello"),
        ('"hello"', "hello"),
        ("5", 5),
        ("null", None),
        ('{"a": [1]}', {"a": [1]}),
        ("NaN", "NaN"),
        ("", ""),
        ('"\\ud83d"', "\ud83d"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_is_json_or_else_text(text, value):
    """`--set` takes both, without quotes around what is plainly text."""
    assert value_of(text) == value
