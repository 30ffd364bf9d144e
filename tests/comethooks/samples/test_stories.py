"""Stories: events that belong together come in their order, and refer only to what came before."""

from random import Random

import pytest

from comethooks import schemas
from comethooks.samples import STORIES
from comethooks.testing import Harness
from comethooks.workers.interactions.goals_plugin import plugin
from comethooks.workers.texts import dumps
from tests.comethooks.samples.test_samples import objects

NOW = 1_790_000_000_123
STORIES_AND_VARIANTS = [
    (name, variant) for name, story in STORIES.items() for variant in story.variants
]
SEEDS = range(5)
every_story = pytest.mark.parametrize(("name", "variant"), STORIES_AND_VARIANTS)


def told(name, seed=1, **options):
    """The bodies of a story, which are as many as it says."""
    length, bodies = STORIES[name].told(now_ms=NOW, random=Random(seed), app_id="app1", **options)
    bodies = list(bodies)
    assert len(bodies) == length
    return bodies


def triggers(bodies):
    return [body["trigger"] for body in bodies]


def message_of(body):
    """The message that a body is about, or tells of."""
    message = body["data"]["message"]
    return (
        message["data"]["entities"]["on"]["entity"] if message["category"] == "action" else message
    )


def parsed(bodies):
    return [schemas.parse(body, dumps(body)) for body in bodies]


class TestEveryStory:
    @every_story
    def test_every_body_is_accepted_and_another_event(self, name, variant):
        """So is every body of the next telling."""
        for seed in SEEDS:
            found = parsed(
                [*told(name, seed, variant=variant), *told(name, seed + 100, variant=variant)]
            )
            assert {each.app_id for each in found} == {"app1"}
            assert len({each.duplicate_key for each in found}) == len(found)

    @every_story
    def test_time_advances_and_ends_now(self, name, variant):
        """No event is before the one that came before it; a recording tells when it began, and a
        press nothing.
        """
        for seed in SEEDS:
            bodies = [
                body
                for body in told(name, seed, variant=variant)
                if body["trigger"] not in ("recording_generated", "ui_message_interacted")
            ]
            times = [each.occurred_at for each in parsed(bodies)]
            assert times == sorted(times)
            assert 0 <= NOW // 1000 - times[-1] // 1000 <= 8

    @every_story
    def test_nothing_in_it_is_later_than_itself(self, name, variant):
        """Not even in the parts of a body that are about something else, but for a meeting."""
        for body in told(name, variant=variant):
            for each in objects(body):
                for key, value in each.items():
                    if key == "meetStartAt":
                        continue
                    if isinstance(value, int) and value > 10**9 and key.lower().endswith("at"):
                        assert value <= NOW // 1000, key

    @every_story
    def test_a_message_that_is_referred_to_was_there_before(self, name, variant):
        """By receipts, reactions, changes, reviews and replies."""
        for seed in SEEDS:
            known = set()
            for body in told(name, seed, variant=variant):
                data, trigger = body["data"], body["trigger"]
                referred = [
                    data.get("body", {}).get("messageId"),
                    data.get("reaction", {}).get("messageId"),
                    data.get("messageId") and str(data["messageId"]),
                ]
                if trigger in ("message_edited", "message_deleted", "moderation_manual_approved"):
                    referred.append(message_of(body)["id"])
                for each in objects(data):
                    referred.append(each.get("parentId"))
                assert {each for each in referred if each} <= known, trigger
                if trigger in ("message_sent", "moderation_engine_blocked"):
                    known.add(data["message"]["id"])


class TestConversation:
    def test_has_as_many_messages_as_are_asked_for(self):
        """Of two people, in one conversation."""
        bodies = told("conversation", messages=50)
        assert triggers(bodies).count("message_sent") == 50
        found = parsed(bodies)
        assert len({each.sender for each in found}) == 2
        assert len({each.conversation_id for each in found if each.conversation_id}) == 1

    def test_seven_messages_have_everything_that_can_happen(self):
        """Received, read, liked and no more, edited, deleted."""
        assert set(triggers(told("conversation", messages=7))) == {
            "message_sent",
            "message_delivery_receipt",
            "message_read_receipt",
            "message_reaction_added",
            "message_reaction_removed",
            "message_edited",
            "message_deleted",
        }

    def test_a_message_is_sent_then_delivered_then_read(self):
        """By the other one, each once."""
        bodies = told("conversation", messages=20)
        for body in bodies:
            if body["trigger"] != "message_sent":
                continue
            message = body["data"]["message"]
            receipts = [
                each
                for each in bodies
                if each["data"].get("body", {}).get("messageId") == message["id"]
            ]
            assert triggers(receipts) == ["message_delivery_receipt", "message_read_receipt"]
            for receipt in receipts:
                assert receipt["data"]["messageSender"] == message["sender"]
                assert receipt["data"]["body"]["user"]["uid"] == message["receiver"]

    def test_ids_grow(self):
        """As those of CometChat do; what tells of a change has an id of its own."""
        bodies = told("conversation", messages=20)
        ids = [int(body["data"]["message"]["id"]) for body in bodies if "message" in body["data"]]
        assert ids == sorted(set(ids))

    def test_only_a_reaction_that_is_there_is_taken_back(self):
        """With the id that it has."""
        reactions = {}
        for body in told("conversation", messages=30):
            reaction = body["data"].get("reaction", {})
            if body["trigger"] == "message_reaction_added":
                reactions[reaction["id"]] = reaction
            elif body["trigger"] == "message_reaction_removed":
                added = reactions.pop(reaction["id"])
                assert (added["messageId"], added["uid"]) == (
                    reaction["messageId"],
                    reaction["uid"],
                )

    def test_nothing_happens_to_a_message_that_is_deleted(self):
        """It is neither changed nor answered."""
        deleted = set()
        for body in told("conversation", messages=50):
            named = {
                each.get("messageId") or each.get("parentId") for each in objects(body["data"])
            }
            if "message" in body["data"]:
                named.add(message_of(body)["id"])
            assert not named & deleted
            if body["trigger"] == "message_deleted":
                deleted.add(message_of(body)["id"])

    def test_an_edit_has_other_words_and_its_time(self):
        """The rest of the message is as it was."""
        sent = {}
        for body in told("conversation", messages=20):
            if body["trigger"] == "message_sent":
                sent[body["data"]["message"]["id"]] = body["data"]["message"]
            if body["trigger"] == "message_edited":
                edited = message_of(body)
                original = sent[edited["id"]]
                assert edited["data"]["text"] != original["data"].get("text")
                assert edited["editedAt"] > original["sentAt"] == edited["sentAt"]


class TestGroup:
    def test_is_a_life_from_beginning_to_end(self):
        """What happens, in its order."""
        happened = [trigger for trigger in triggers(told("group")) if trigger.startswith("group_")]
        assert [trigger.removeprefix("group_") for trigger in happened] == [
            "created",
            "member_added",
            "member_added",
            "member_joined",
            "member_joined",
            "member_scope_changed",
            "member_kicked",
            "member_banned",
            "member_unbanned",
            "member_left",
            "owner_transferred",
            "updated",
            "deleted",
        ]

    def test_who_is_in_it_is_counted(self):
        """Only somebody who is in it goes, and the counts agree."""
        members = set()
        for body in told("group"):
            trigger, group = body["trigger"], body["data"].get("group")
            if group is None:
                assert body["data"].get("message", body["data"])["sender"] in members
                continue
            somebody = set(body["data"].get("members", {}))
            if trigger in ("group_created", "group_member_added", "group_member_joined"):
                assert not somebody & members
                members |= somebody
            elif trigger in ("group_member_kicked", "group_member_banned", "group_member_left"):
                assert somebody <= members
                members -= somebody
            assert group["membersCount"] == len(members), trigger

    def test_the_owner_acts_until_it_is_somebody_else(self):
        """Who hands the group over is the old owner from then on."""
        owner = None
        for body in told("group"):
            group = body["data"].get("group")
            if group is None:
                continue
            if body["trigger"] == "group_owner_transferred":
                assert group["oldOwner"] == group["updatedBy"] == owner != group["owner"]
                owner = group["owner"]
            owner = owner or group["owner"]
            assert group["owner"] == owner
            assert body["data"].get("by", {"uid": owner})["uid"] == owner

    def test_all_of_it_is_about_one_group_that_was_made_once(self):
        """Also its messages; all say the same of when it was made."""
        bodies = told("group", messages=5)
        assert triggers(bodies).count("message_sent") == 5
        assert len({each.conversation_id for each in parsed(bodies)}) == 1
        assert (
            len({body["data"]["group"]["createdAt"] for body in bodies if "group" in body["data"]})
            == 1
        )


class TestCall:
    def test_an_answered_one_goes_from_the_ringing_to_the_transcript(self):
        """All of one session, in which people are from when they came to when they went."""
        bodies = told("call")
        assert triggers(bodies) == [
            "call_initiated",
            "call_started",
            "call_participant_joined",
            "call_participant_joined",
            "call_participant_left",
            "call_participant_left",
            "call_ended",
            "recording_generated",
            "transcription_generated",
        ]
        rings, started, *_, ended, recording, transcript = (body["data"] for body in bodies)
        session = rings["call"]["data"]["entities"]["on"]["entity"]["sessionid"]
        assert {body["data"]["sessionId"] for body in bodies[1:]} == {session}
        assert started["created_at"] == ended["created_at"] == transcript["startTime"]
        assert recording["startTime"] == str(started["created_at"])
        stays = [
            body["data"]["occupant"]
            for body in bodies
            if body["trigger"] == "call_participant_left"
        ]
        assert sorted(stays, key=str) == sorted(ended["all_occupants"], key=str)

    @pytest.mark.parametrize("variant", ["rejected", "unanswered", "cancelled", "busy"])
    def test_another_one_ends_before_it_begins(self, variant):
        """It is the same call that rang."""
        rings, over = told("call", variant=variant)
        assert over["trigger"] == f"call_{variant}"
        one, other = (
            body["data"]["call"]["data"]["entities"]["on"]["entity"] for body in (rings, over)
        )
        same = ("sessionid", "sender", "receiver", "type", "initiatedAt")
        assert {key: one[key] for key in same} == {key: other[key] for key in same}


class TestModeration:
    def test_what_is_blocked_is_not_sent(self):
        """What fails is judged all the same."""
        assert triggers(told("moderation")) == [
            "moderation_engine_approved",
            "message_sent",
            "moderation_engine_blocked",
            "moderation_manual_approved",
            "moderation_engine_failed",
            "moderation_engine_approved",
            "message_sent",
        ]

    def test_a_review_knows_when_the_message_was_blocked(self):
        """And of which message it is."""
        _, _, blocked, review, *_ = (body["data"] for body in told("moderation"))
        assert review["message"]["id"] == blocked["message"]["id"]
        assert review["message"]["data"]["moderation"] == {"status": "approved"}
        assert review["moderation"][0]["rule"]["blockedAt"] == blocked["message"]["sentAt"]


class TestForm:
    def test_every_kind_has_a_goal_and_elements_that_are_there(self):
        """A form, a card and a scheduler, each received and read."""
        bodies = told("form")
        sent = [body["data"]["message"] for body in bodies if body["trigger"] == "message_sent"]
        assert [message["type"] for message in sent] == ["form", "card", "scheduler"]
        for message in sent:
            data = message["data"]
            elements = {
                each["elementId"]
                for each in objects(data["interactiveData"])
                if "elementId" in each
            }
            assert data["interactionGoal"]["type"] in ("allOf", "anyOf", "anyAction")
            assert set(data["interactionGoal"]["elementIds"]) <= elements

    def test_every_goal_is_completed_by_who_got_the_message(self):
        """With answers that fit the form: so the whole way can be tried by hand."""
        bodies = told("form")
        with Harness() as harness:
            delivered = [
                harness.deliver(plugin, body=body, allow_unhandled=True) for body in bodies
            ]
        completed = [event.completion for each in delivered for event in each.emitted]
        sent = [body["data"]["message"] for body in bodies if body["trigger"] == "message_sent"]
        assert [(each.message_id, each.user, each.verified) for each in completed] == [
            (message["id"], message["receiver"], True) for message in sent
        ]
        said = [line for each in delivered for line in each.effects]
        assert not any("its options" in line or "not count" in line for line in said)


def test_a_variant_that_there_is_none_of_is_a_key_error():
    """As with samples."""
    with pytest.raises(KeyError):
        STORIES["call"].told(now_ms=NOW, random=Random(1), variant="forgotten")
