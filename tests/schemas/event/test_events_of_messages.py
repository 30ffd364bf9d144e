"""Events that tell of a message, of what was done to it, and of who received it or reacted."""

import pytest

from comethooks.schemas import Group, Message, User
from tests.bodies import body, changed, without
from tests.schemas.event.making import event, of, utc
from tests.schemas.samples import SAMPLES, event_of

NEW = "Läuft der Kran wieder?"


BESIDE = (
    "action",
    "call",
    "receipt",
    "reaction",
    "presence",
    "group",
    "moderation",
    "recording",
    "campaign",
)


class TestMessage:
    @pytest.mark.parametrize(
        "name",
        [
            *("legacy_before_message", "legacy_after_message", "legacy_after_message_nested"),
            *("message_sent_text", "bot_callback"),
        ],
    )
    def test_is_found_wherever_it_is(self, name):
        """Flat or nested."""
        found = event(name)
        assert found.sender is found.message.sender
        assert (found.sender.uid, found.sender.name) == ("harbor-ada", "Ada Lind")
        assert found.message.text
        assert [name for name in BESIDE if getattr(found, name) is not None] == []
        assert (found.edited, found.deleted, found.is_echo) == (False, False, False)
        assert (found.members, found.users, found.mentions) == ((), (), ())

    @pytest.mark.parametrize("name", ["message_edited", "message_edited_live", "message_sent_echo"])
    def test_that_was_edited_is_the_one_with_its_new_text(self, name):
        """Whether the body is an action on it, as documented, or itself, as seen live."""
        found = event(name)
        assert (found.message.id, found.message.text) == ("4102", NEW)
        assert found.message.edited_at == utc(1760000330)
        assert (found.edited, found.deleted) == (True, False)
        assert found.is_echo is (name == "message_sent_echo")
        assert found.message.sender.uid == "harbor-ada"
        assert found.message.receiver.uid == "harbor-ben"
        assert found.message.conversation_id == "harbor-ada_user_harbor-ben"

    @pytest.mark.parametrize(
        "name, message_id",
        [
            ("message_deleted", "4102"),
            ("message_deleted_live", "4102"),
            ("legacy_after_message_deleted", "4101"),
        ],
    )
    def test_that_was_deleted_is_what_remains_of_it(self, name, message_id):
        """In legacy webhooks after_message tells of it."""
        found = event(name)
        assert (found.message.id, found.message.text) == (message_id, "")
        assert (found.message.deleted_at, found.message.deleted_by) == (
            utc(1760000350),
            "harbor-ada",
        )
        assert (found.edited, found.deleted, found.is_echo) == (False, True, False)
        assert found.name == "message.deleted"
        assert found.message.conversation_id == "harbor-ada_user_harbor-ben"

    @pytest.mark.parametrize("trigger", ["message_sent", "after_message"])
    @pytest.mark.parametrize("action", ["edited", "deleted"])
    def test_of_a_generated_change_is_the_changed_one(self, trigger, action):
        """The action's own id is another."""
        sample = SAMPLES[f"{trigger} {action}"]
        message = sample["data"].get("message", sample["data"])
        found = event_of(sample)
        assert (
            found.message.id == message["data"]["entities"]["on"]["entity"]["id"] != message["id"]
        )
        assert getattr(found, action)
        assert found.is_echo is (trigger == "message_sent")

    @pytest.mark.parametrize("value", [57, "57", 57.0])
    def test_ids_are_strings(self, value):
        """However they were sent."""
        assert (
            event(changed(body("message_sent_text"), "data.message.id", value)).message.id == "57"
        )
        sample = changed(body("message_read_receipt"), "data.body.messageId", value)
        assert event(sample).receipt.message_id == "57"
        sample = changed(body("legacy_message_read_receipt"), "data.messageId", value)
        assert event(sample).receipt.message_id == "57"

    @pytest.mark.parametrize("value", [None, 5, [], {}, "", float(2**70)])
    def test_a_text_is_a_string(self, value):
        """Always."""
        assert (
            event(changed(body("message_sent_text"), "data.message.data.text", value)).message.text
            == ""
        )

    def test_without_a_sender_was_sent_by_nobody(self):
        """A deletion need not say whose message it was."""
        found = event(without(body("message_deleted_live"), "data.message.sender")).sender
        assert found is not None
        assert found.uid == ""

    @pytest.mark.parametrize("value", [None, ""])
    def test_that_was_deleted_takes_from_the_action_what_it_does_not_say(self, value):
        """Null says as little as nothing."""
        sender = "data.data.entities.on.entity.sender"
        found = event(changed(body("legacy_after_message_deleted"), sender, value))
        assert found.message.sender.uid == "harbor-ada"
        assert found.message.conversation_id == found.conversation_id

    def test_that_was_deleted_by_somebody_else_is_still_its_authors(self):
        """The event was caused by whoever deleted it."""
        sender = "data.data.entities.on.entity.sender"
        found = event(changed(body("legacy_after_message_deleted"), sender, "harbor-cy"))
        assert (found.message.sender.uid, found.sender.uid) == ("harbor-cy", "harbor-ada")

    def test_of_moderation_need_not_say_who_wrote_it(self):
        """Its id is enough."""
        found = event_of(without(SAMPLES["moderation_engine_approved text"], "data.message.sender"))
        assert found.message.id

    def test_of_moderation_is_the_one_that_was_judged(self):
        """In full, or, of a failure, its ids."""
        for trigger, variant in (
            ("moderation_engine_approved", "text"),
            ("moderation_engine_blocked", "image"),
            ("moderation_manual_approved", "usual"),
            ("moderation_engine_failed", "approved"),
        ):
            found = of(trigger, variant)
            assert found.message.id
            assert found.message.conversation_id == found.conversation_id

    def test_may_be_in_an_event_with_an_unknown_trigger(self):
        """Then it is read like any other; otherwise there is none."""
        found = event(changed(body("message_sent_text"), "trigger", "message_sung"))
        assert (found.name, found.message.id, found.sender.uid) == (None, "4102", "harbor-ada")
        assert event("custom_provider").message is None
        assert event("custom_provider").sender is None
        assert event({"trigger": "later", "data": {"message": {"id": 5}}}).message is None

    def test_mentions_somebody(self):
        """user_mentioned comes on top of message_sent."""
        for trigger, variant in (("user_mentioned", "usual"), ("message_sent", "mention")):
            (user,) = of(trigger, variant).mentions
            assert isinstance(user, User)
            assert f"<@uid:{user.uid}>" in of(trigger, variant).message.text


class TestAction:
    def test_of_an_edit_says_who_did_it_to_which_message(self):
        """Of the shape that is documented; the live one has no action."""
        action = event("message_edited").action
        assert (action.name, action.by.uid, action.for_) == ("edited", "harbor-ada", None)
        assert isinstance(action.on, Message)
        assert action.on.id == "4102"
        assert action.text == "Ada Lind edited a message"
        assert event("message_edited_live").action is None

    def test_of_an_sdk_says_it_in_its_own_words(self):
        """Its entities are beside the action."""
        found = event("message_sent_action_sdk")
        assert (found.action.name, found.action.by.uid, found.action.on) == (
            "joined",
            "harbor-ben",
            None,
        )
        assert isinstance(found.action.for_, Group)
        assert (found.action.for_.guid, found.action.text) == (
            "night-crew",
            "Ben Okafor joined Night crew",
        )
        assert found.group.guid == "night-crew"

    @pytest.mark.parametrize("trigger", ["message_sent", "after_message"])
    @pytest.mark.parametrize(
        "action, sentence",
        [
            ("joined", "{by} joined"),
            ("left", "{by} left"),
            ("kicked", "{by} kicked {on}"),
            ("banned", "{by} banned {on}"),
            ("unbanned", "{by} unbanned {on}"),
            ("added", "{by} added {on}"),
            ("invited", "{by} invited {on}"),
            ("scopeChanged", "{by} made {on} admin"),
        ],
    )
    def test_of_a_member_has_a_sentence_when_the_body_has_none(self, trigger, action, sentence):
        """The default one of the SDKs."""
        found = of(trigger, action).action
        assert found.name == action
        assert isinstance(found.for_, Group)
        assert found.text == sentence.format(by=found.by.name, on=found.on.name)

    def test_without_names_uses_ids(self):
        """And without anybody it says nothing."""
        sample = SAMPLES["message_sent kicked"]
        entities = "data.message.data.entities"
        nameless = changed(sample, f"{entities}.by.entity", {"uid": "ada"})
        nameless = changed(nameless, f"{entities}.on.entity", {"uid": "ben"})
        assert event_of(nameless).action.text == "ada kicked ben"
        assert event_of(without(sample, f"{entities}.on")).action.text == ""
        assert event_of(without(sample, f"{entities}.by")).action.text == ""

    def test_of_an_unknown_name_has_no_sentence(self):
        """There will be others."""
        sample = changed(SAMPLES["message_sent kicked"], "data.message.data.action", "hugged")
        assert (event_of(sample).action.name, event_of(sample).action.text) == ("hugged", "")


class TestReceipt:
    @pytest.mark.parametrize(
        "name, action, message_id, at",
        [
            ("legacy_message_delivery_receipt", "delivered", "4101", 1760000305),
            ("message_delivery_receipt", "delivered", "4102", 1760000306),
            ("legacy_message_read_receipt", "read", "4101", 1760000311),
            ("message_read_receipt", "read", "4102", 1760000312),
        ],
    )
    def test_is_the_same_in_both_generations(self, name, action, message_id, at):
        """Who received or read which message, when."""
        found = event(name)
        assert (found.receipt.action, found.receipt.message_id) == (action, message_id)
        assert (found.receipt.at, found.receipt.message_sender) == (utc(at), "harbor-ada")
        assert found.sender is found.receipt.user
        assert found.sender.uid == "harbor-ben"
        assert (found.message, found.presence) == (None, None)
        assert (found.receipt.receiver, found.receipt.receiver_type) == (
            ("night-crew", "group") if "legacy_message_read" in name else ("harbor-ada", "user")
        )

    @pytest.mark.parametrize(
        "trigger, action",
        [("message_delivered_to_all", "delivered"), ("message_read_by_all", "read")],
    )
    def test_of_all_names_nobody(self, trigger, action):
        """It is about the message."""
        found = of(trigger)
        assert (found.receipt.action, found.receipt.user.uid, found.sender) == (action, "", None)
        assert found.receipt.message_id


class TestReaction:
    @pytest.mark.parametrize("change", ["added", "removed"])
    def test_says_who_reacted_how_to_which_message(self, change):
        """The conversation it does not say."""
        wire = SAMPLES[f"message_reaction_{change} usual"]["data"]["reaction"]
        found = of(f"message_reaction_{change}")
        assert found.name == f"reaction.{change}"
        assert (found.reaction.id, found.reaction.message_id, found.reaction.emoji) == (
            wire["id"],
            wire["messageId"],
            wire["reaction"],
        )
        assert found.reaction.at == utc(wire["reactedAt"])
        assert found.sender is found.reaction.user
        assert (found.sender.uid, found.sender.name) == (wire["uid"], wire["reactedBy"]["name"])
        assert (found.message, found.conversation_id) == (None, None)
