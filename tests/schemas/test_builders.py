"""Typed objects built from either shape, and from whatever stands in it."""

from datetime import UTC, datetime

import pytest

from schemas import Group, User
from schemas.builders import group_from, message_from, presence_from, receipt_from, user_from
from tests.bodies import body

JUNK = [None, [], {}, "", 0, True, 5, "\ud83d", 2**70, float("inf"), [[]], [5, {}], {"entity": []}]


def message(name):
    data = body(name)["data"]
    return message_from(data.get("message", data))


class TestMessage:
    def test_of_a_webhook(self):
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
        found = message("message_sent_sdk")
        assert (found.id, found.text, found.muid) == ("4105", "from the SDK", "1760000340001")
        assert (found.sender.name, found.sender.status_message) == ("Ada Lind", "on shift")
        assert found.sender.metadata == {"team": "crane"}
        assert (found.receiver_type, found.receiver.uid) == ("user", "harbor-ben")
        assert found.metadata == {"source": "kiosk"}
        assert (found.edited_at, found.deleted_at, found.parent_id) == (None, None, None)

    def test_with_media_has_attachments(self):
        found = message("message_sent_media")
        assert isinstance(found.receiver, Group)
        assert (found.receiver.guid, found.receiver.name, found.receiver.owner) == (
            "night-crew",
            "Night crew",
            "harbor-ada",
        )
        (attachment,) = found.attachments
        assert (attachment.name, attachment.mime_type, attachment.size) == ("crane.jpg", "image/jpeg", 48213)
        assert (found.text, found.tags, found.parent_id) == ("", ("shift", "photo"), "4090")

    @pytest.mark.parametrize(
        "wire", [{"data": {"url": "https://x.example/a"}}, {"url": "https://x.example/a"}]
    )
    def test_with_a_bare_url_has_one_attachment(self, wire):
        assert [item.url for item in message_from(wire).attachments] == ["https://x.example/a"]

    def test_of_a_custom_category_has_its_data(self):
        found = message("message_sent_custom")
        assert found.custom_data == {"berth": 7, "vessel": {"imo": "9321483"}}
        assert message_from({"data": {"customData": {}}}).custom_data == {}
        assert message_from({"customData": {"a": 1}, "data": {"customData": None}}).custom_data == {"a": 1}
        assert message_from({}).custom_data is None

    def test_in_flight_has_an_empty_id(self):
        found = message("legacy_before_message")
        assert (found.id, found.muid, found.text) == ("", "m-1760000301-7", "Läuft der Kran? 🚢")

    def test_of_another_category_keeps_its_data(self):
        found = message("message_edited")
        assert (found.category, found.data["action"], found.text) == ("action", "edited", "")
        assert found.data["entities"]["on"]["entity"]["id"] == "4102"

    def test_derives_the_conversation_that_it_does_not_name(self):
        wire = {"sender": "b", "receiver": "a", "receiverType": "User"}
        assert message_from(wire).conversation_id == "a_user_b"
        assert message_from({**wire, "receiverType": "GROUP"}).conversation_id == "group_a"

    @pytest.mark.parametrize("junk", JUNK, ids=repr)
    def test_is_built_from_anything(self, junk):
        """A wrong type is None or empty, never an error."""
        keys = (*body("message_sent_sdk")["data"]["message"], "data", "url", "customData", "parentId")
        inner = dict.fromkeys(
            ("text", "entities", "metadata", "attachments", "customData", "url", "tags"), junk
        )
        for wire in (dict.fromkeys(keys, junk), {"data": inner}, {"data": {"entities": {"sender": junk}}}):
            found = message_from(wire)
            assert isinstance(found.text, str)
            assert isinstance(found.id, str)
            assert isinstance(found.sender.uid, str)


class TestUser:
    def test_of_a_uid_takes_what_is_said_elsewhere_about_the_same_user(self):
        assert user_from("ada", {"uid": "ada", "name": "Ada"}).name == "Ada"
        assert user_from("ada", {"name": "Ada"}).name == "Ada"
        assert user_from("ada", {"uid": "ben", "name": "Ben"}).name is None

    def test_of_nothing_but_an_entity(self):
        assert user_from(None, {"uid": "ada", "name": "Ada"}).uid == "ada"

    @pytest.mark.parametrize("junk", JUNK, ids=repr)
    def test_is_built_from_anything(self, junk):
        assert isinstance(user_from(junk, junk), User)
        assert isinstance(
            user_from(dict.fromkeys(("uid", "name", "tags", "lastActiveAt", "metadata"), junk)), User
        )
        assert isinstance(
            group_from(dict.fromkeys(("guid", "owner", "createdAt", "metadata"), junk), junk), Group
        )


class TestReceipt:
    def test_is_the_same_for_both_generations(self):
        current = receipt_from(body("message_delivery_receipt")["data"], "delivered")
        legacy = receipt_from(body("legacy_message_delivery_receipt")["data"], "delivered")
        assert (current.message_id, current.user.uid, current.message_sender, current.receiver) == (
            "4102",
            "harbor-ben",
            "harbor-ada",
            "harbor-ada",
        )
        assert (legacy.message_id, legacy.user.uid, legacy.message_sender, legacy.receiver) == (
            "4101",
            "harbor-ben",
            "harbor-ada",
            "harbor-ada",
        )
        assert current.at == datetime(2025, 10, 9, 8, 58, 26, tzinfo=UTC)
        assert legacy.at == datetime(2025, 10, 9, 8, 58, 25, tzinfo=UTC)
        assert current.user.name == "Ben Okafor"

    @pytest.mark.parametrize("junk", JUNK, ids=repr)
    def test_is_built_from_anything(self, junk):
        for keys in (("body", "receiver"), ("messageId", "readAt", "receiptSender", "messageSender")):
            assert receipt_from(dict.fromkeys(keys, junk), "read").action == "read"


class TestPresence:
    def test_of_a_current_event(self):
        found = presence_from(body("user_connection_status_changed")["data"])
        assert (found.uid, found.status, found.action, found.changed) == (
            "harbor-ben",
            "offline",
            "disconnected",
            True,
        )
        assert found.at == datetime(2025, 10, 9, 9, 0, 20, 114000, tzinfo=UTC)
        assert (found.platform, found.session_id, found.connections) == ("javascript", None, ())

    def test_of_a_legacy_event(self):
        found = presence_from(body("legacy_after_connection_status_changed")["data"])
        assert (found.uid, found.status, found.action, found.changed) == (
            "harbor-ben",
            "online",
            "connected",
            True,
        )
        assert found.at == datetime(2025, 10, 9, 8, 58, 10, 120000, tzinfo=UTC)
        assert (found.platform, found.session_id) == ("android", "s-91")
        assert [connection.session_id for connection in found.connections] == ["s-91", "s-88"]
        assert found.connections[0].device_id == "dev-s-91"
        assert found.connections[0].connected_at == datetime(2025, 10, 9, 8, 58, 10, 100000, tzinfo=UTC)

    @pytest.mark.parametrize("junk", JUNK, ids=repr)
    def test_is_built_from_anything(self, junk):
        keys = (
            "user",
            "event",
            "currentConnection",
            "connections",
            "status",
            "timestamp",
            "userPresenceChanged",
        )
        assert isinstance(presence_from(dict.fromkeys(keys, junk)).status, str)
