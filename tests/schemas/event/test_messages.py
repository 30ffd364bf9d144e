"""Messages and actions, made of either shape, and of whatever stands in it."""

from datetime import UTC, datetime

import pytest

from comethooks.schemas import Action, Group, Message, User
from tests.bodies import body
from tests.schemas.samples import SAMPLES

SMALL = "https://x.example/a"


def message(name):
    data = SAMPLES[name]["data"]
    return Message(data.get("message", data))


class TestMessage:
    def test_of_a_webhook(self):
        """Users are in its entities."""
        found = message("message_sent_text")
        assert (found.id, found.text, found.category, found.type) == (
            "4102",
            "Läuft der Kran? 🚢",
            "message",
            "text",
        )
        assert (found.sender.uid, found.sender.name) == ("harbor-ada", "Ada Lind")
        assert (found.receiver.uid, found.receiver.role) == ("harbor-ben", "moderator")
        assert found.sent_at == datetime(2025, 10, 9, 8, 58, 21, tzinfo=UTC)
        assert found.edited_at is None
        assert found.metadata["draft"] is False
        assert found.data["entities"]["sender"]["entityType"] == "user"

    def test_of_an_sdk_has_text_metadata_and_users_elsewhere(self):
        """And null, or 0, for what never was."""
        found = message("message_sent_sdk")
        assert (found.id, found.text, found.muid) == ("4105", "from the SDK", "1760000340001")
        assert (found.sender.name, found.sender.status_message) == ("Ada Lind", "on shift")
        assert found.sender.metadata == {"team": "crane"}
        assert (found.receiver_type, found.receiver.uid) == ("user", "harbor-ben")
        assert found.metadata == {"source": "kiosk"}
        assert (found.edited_at, found.deleted_at, found.parent_id) == (None, None, None)
        assert (found.read_at, found.delivered_at, found.pinned_at) == (None, None, None)
        assert (found.edited_by, found.deleted_by, found.quoted_message_id) == (None, None, None)
        assert found.reply_count == 0

    def test_with_media_has_attachments(self):
        """In a group, here."""
        found = message("message_sent_media")
        assert isinstance(found.receiver, Group)
        assert (found.receiver.guid, found.receiver.name, found.receiver.owner) == (
            "night-crew",
            "Night crew",
            "harbor-ada",
        )
        (attachment,) = found.attachments
        assert (attachment.name, attachment.mime_type, attachment.size) == (
            "crane.jpg",
            "image/jpeg",
            48213,
        )
        assert (attachment.extension, attachment.url.partition("?")[0][-9:]) == ("jpg", "crane.jpg")
        assert (found.text, found.tags, found.parent_id) == ("", ("shift", "photo"), "4090")

    @pytest.mark.parametrize("kind", ["image", "video", "audio", "file"])
    def test_of_every_kind_of_media(self, kind):
        """The same way."""
        found = message(f"message_sent {kind}")
        (attachment,) = found.attachments
        assert (found.type, found.text) == (kind, "")
        assert attachment.name.endswith(f".{attachment.extension}")

    def test_with_media_of_an_sdk_has_the_same(self):
        """Its attachments are beside its data."""
        found = message("message_sent_media_sdk")
        assert [item.name for item in found.attachments] == ["crane.pdf"]
        assert found.sender.name == "Ada Lind"

    @pytest.mark.parametrize("wire", [{"data": {"url": SMALL}}, {"url": SMALL}])
    def test_with_a_bare_url_has_one_attachment(self, wire):
        """Older bodies list none."""
        assert [item.url for item in Message(wire).attachments] == [SMALL]

    def test_of_a_custom_category_has_its_data(self):
        """Empty is not the same as none."""
        found = message("message_sent_custom")
        assert found.custom_data == {"berth": 7, "vessel": {"imo": "9321483"}}
        assert message("message_sent custom").sub_type == "location"
        assert Message({"subType": "berth"}).sub_type == "berth"
        assert Message({"data": {"customData": {}}}).custom_data == {}
        assert Message({"customData": {"a": 1}, "data": {"customData": None}}).custom_data == {
            "a": 1
        }
        assert (Message({}).custom_data, Message({}).sub_type) == (None, None)

    @pytest.mark.parametrize("name", ["message_sent form", "message_sent_interactive_sdk"])
    def test_of_the_interactive_category_has_its_form_whole(self, name):
        """In its data, or beside it."""
        found = message(name)
        assert found.category == "interactive"
        assert found.interactive_data["formFields"][0]["elementId"]
        assert message("message_sent_text").interactive_data is None

    def test_in_flight_has_an_empty_id(self):
        """A muid may be all there is."""
        found = message("legacy_before_message")
        assert (found.id, found.muid, found.text) == ("", "m-1760000301-7", "Läuft der Kran? 🚢")

    def test_of_another_category_keeps_its_data(self):
        """Whatever that is."""
        found = message("message_edited")
        assert (found.category, found.data["action"], found.text) == ("action", "edited", "")
        assert found.data["entities"]["on"]["entity"]["id"] == "4102"

    def test_says_what_moderation_says(self):
        """Where it does."""
        assert message("moderation_engine_blocked text").moderation["status"] == "disapproved"
        assert message("message_sent_text").moderation == {}

    def test_derives_the_conversation_that_it_does_not_name(self):
        """From whoever is in it."""
        wire = {"sender": "b", "receiver": "a", "receiverType": "User"}
        assert Message(wire).conversation_id == "a_user_b"
        assert Message({**wire, "receiverType": "GROUP"}).conversation_id == "group_a"
        assert Message({"sender": "b", "receiverType": "user"}).conversation_id is None

    @pytest.mark.parametrize("key", ["receiverUid", "receiverId"])
    def test_finds_the_receiver_under_other_names(self, key):
        """SDKs have them."""
        assert Message({key: "ben", "receiverType": "user"}).receiver.uid == "ben"

    @pytest.mark.parametrize(
        "wire, parent",
        [
            ({"parentId": "5"}, "5"),
            ({"parentMessageId": 5}, "5"),
            ({"parentId": None, "parentMessageId": 5}, "5"),
            ({"parentMessageId": 0}, None),
            ({}, None),
        ],
    )
    def test_in_a_thread_names_its_parent(self, wire, parent):
        """Webhooks and SDKs call it differently."""
        assert Message(wire).parent_id == parent


class TestAction:
    def test_takes_its_entities_from_wherever_they_are(self):
        """In entities, beside the action, or at the top."""
        ada = {"uid": "ada", "name": "Ada"}
        for wire in (
            {"data": {"entities": {"by": {"entity": ada}}}},
            {"data": {"by": {"entity": ada}}},
            {"actionBy": ada},
        ):
            assert Action(wire).by == User(ada)

    def test_says_what_a_thing_is_by_its_keys(self):
        """The entityType may be missing."""
        for wire, kind in (({"uid": "a"}, User), ({"guid": "a"}, Group), ({"id": "5"}, Message)):
            assert isinstance(Action({"actionOn": wire}).on, kind)
        assert Action({"actionOn": {"sessionid": "s"}}).on is None
        assert Action({"actionOn": {}}).on is None

    @pytest.mark.parametrize("wire", [{"data": {"action": "joined"}}, {"action": "joined"}])
    def test_has_its_name_in_either_shape(self, wire):
        """In its data, or beside it."""
        assert Action(wire).name == "joined"


class TestView:
    def test_cannot_be_changed(self):
        """Neither it nor what is in it."""
        found = message("message_sent_text")
        with pytest.raises(AttributeError, match="a message cannot be changed"):
            found.text = "other"
        with pytest.raises(AttributeError, match="an action cannot be changed"):
            del Action({}).name
        with pytest.raises(TypeError):
            found.data["text"] = "other"

    @pytest.mark.parametrize(
        "name", ["message_sent_text", "message_sent_media", "message_sent_sdk"]
    )
    def test_shows_ids_only(self, name):
        """It may get into a log."""
        found = message(name)
        shown = repr(found) + repr(found.sender) + repr(found.receiver) + repr(found.attachments)
        for private in ("Kran", "SDK", "Ada Lind", "crane.jpg", "Signature", "tok-"):
            assert private not in shown
        assert found.id in shown

    def test_equals_what_is_of_its_kind_and_says_the_same(self):
        """And has a hash, so that it can be put into a set."""
        assert message("message_sent_text") == message("message_sent_text")
        assert message("message_sent_text") != message("message_sent_sdk")
        assert Message({"id": "5"}) != Action({"id": "5"})
        assert len({Message({"id": "5"}), Message({"id": "5"}), Message({"id": "6"})}) == 2

    def test_the_class_has_the_descriptor(self):
        """With what there is to say of the attribute."""
        assert "empty" in Message.text.__doc__
        assert body("message_sent_text")["data"]["message"]["id"] == message("message_sent_text").id
