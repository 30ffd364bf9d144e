"""What reads like a uid and is none stays as it is: groups, and users whose uids go on."""

from typing import Any

import orjson
import pytest

from comethooks import schemas
from comethooks.schemas.forgetting import forgotten, forgotten_value
from comethooks.schemas.forgotten_user import known_user
from comethooks.schemas.no_users import is_named_in

ALIAS = "forgotten-0a1b2c3d"


def to_group(guid: str, **message: Any) -> dict[str, Any]:
    """The body of a message that zoe sent to a group."""
    about = {"guid": guid, "name": "Hikers", "owner": "zoe"}
    entity = {"entity": about, "entityType": "group"}
    return {
        "trigger": "message_sent",
        "appId": "app1",
        "data": {
            "message": {
                "id": "57",
                "conversationId": f"group_{guid}",
                "sender": "zoe",
                "receiver": guid,
                "receiverType": "group",
                "category": "message",
                "type": "text",
                "sentAt": 1_760_000_000,
                "data": {"text": "hello", "entities": {"receiver": entity}},
                **message,
            }
        },
    }


def without(body: dict[str, Any], uid: str) -> dict[str, Any]:
    return forgotten(body, known_user(uid, ALIAS), by_user=False)


class TestGroups:
    @pytest.mark.parametrize("uid", ["ann-22", "ann", "42", "group", "message_sent"])
    def test_of_a_users_uid_stay_groups(self, uid: str) -> None:
        """All of the body, and the conversation that is read from it."""
        body = to_group(uid)
        assert without(body, uid) == body

    def test_whose_ids_have_a_uid_in_them_stay(self) -> None:
        """Under every name that they have, so that what comes later is of the same group."""
        body = to_group("support_user_bob-12")
        assert without(body, "bob-12") == body
        parsed = schemas.parse(body, orjson.dumps(body))
        assert parsed.conversation_id == "group_support_user_bob-12"
        assert known_user("bob-12", ALIAS).in_id(parsed.conversation_id) == parsed.conversation_id

    def test_where_nothing_is_declared_stay_too(self) -> None:
        """As in what is kept of an interactive message."""
        facts = {"receiver_type": "group", "receiver": "ann-22", "sender": "ann-22"}
        told = {"facts": facts, "room": {"guid": "ann-22"}, "uid": "ann-22"}
        assert forgotten_value(told, known_user("ann-22", ALIAS)) == {
            "facts": {**facts, "sender": ALIAS},
            "room": {"guid": "ann-22"},
            "uid": ALIAS,
        }

    def test_a_user_may_be_called_like_a_conversation_of_a_group(self) -> None:
        """And is the first of two then."""
        found = known_user("group_ann", ALIAS).in_id("group_ann_user_zoe")
        assert found == f"{ALIAS}_user_zoe"
        assert known_user("zoe", ALIAS).in_id("group_ann_user_zoe") == "group_ann_user_zoe"


@pytest.mark.parametrize("other", ["user_491701234567", "user-20261130000", "user_1234567890123"])
def test_a_uid_that_goes_on_with_digits_is_another_users(other: str) -> None:
    """A telephone number, say; in whatever holds it."""
    entity = {"uid": other, "name": "O", "avatar": f"https://img.example/{other}.png"}
    sender = {"entity": entity, "entityType": "user"}
    body = to_group("hikers", sender=other, data={"text": "x", "entities": {"sender": sender}})
    found = without(body, "user")["data"]["message"]
    assert found["sender"] == other
    assert found["data"]["entities"]["sender"]["entity"]["uid"] == other
    if other != "user_1234567890123":  # which an address cannot tell from a stamp
        assert found["data"]["entities"] == body["data"]["message"]["data"]["entities"]


class TestStillNamed:
    def test_nothing_is_of_what_was_forgotten(self) -> None:
        """Whatever a user is called."""
        for uid in ("ann-22", "message_sent", "57571234", "bob-12"):
            body = to_group(uid, id="57571234", muid=f"{uid}_1760000000123")
            assert not is_named_in(without(body, uid), known_user(uid, ALIAS)), uid

    @pytest.mark.parametrize(
        "told",
        [
            {"sender": "ann-22"},
            {"receiver": "ann-22", "receiverType": "user"},
            {"x": ["<@uid:ann-22>"]},
            {"ann-22": 1},
            {"x": {"conversationId": "ann-22_user_zoe"}},
            {"receiverType": "group", "receiver": {"uid": "ann-22"}},
        ],
    )
    def test_a_user_is_wherever_the_uid_stands(self, told: dict[str, Any]) -> None:
        """Under a key, in a text, as a key."""
        assert is_named_in(told, known_user("ann-22", ALIAS))

    def test_a_number_is_under_keys_of_users(self) -> None:
        """And elsewhere a number is one of many."""
        user = known_user("47114711", ALIAS)
        assert is_named_in({"uid": 47114711}, user)
        assert not is_named_in({"id": 47114711, "size": 47114711}, user)


class TestCommonWords:
    @pytest.mark.parametrize("uid", ["42", "1", "a", "message", "text", "submit", "read"])
    def test_are_no_users_where_nothing_is_declared(self, uid: str) -> None:
        """Others' bodies stay as they are: an order may have the number of a user."""
        told = {"orderId": uid, "list": [uid, 42], uid: {"at": uid}, "path": f"a/{uid}.png"}
        body = to_group("hikers", data={"text": uid, "metadata": told, "tags": [uid]})
        assert without(body, uid) == body
        assert not known_user(uid, ALIAS).names(f"KeyError: {uid} (line {uid})")

    @pytest.mark.parametrize("uid", ["42", "a", "admin"])
    def test_are_users_under_keys_of_people(self, uid: str) -> None:
        """What an app calls them, and in ids that two make up."""
        told = {"seenBy": {uid: 1}, "memberIds": [uid], "assignedTo": uid, "userId": uid}
        pair = f"{uid}_user_zoe"
        told["room"] = pair
        found = without(to_group("hikers", data={"metadata": told}), uid)
        assert found["data"]["message"]["data"]["metadata"] == {
            "seenBy": {ALIAS: 1},
            "memberIds": [ALIAS],
            "userId": ALIAS,
            "assignedTo": uid,
            "room": known_user(uid, ALIAS).in_id(pair),
        }

    def test_are_users_where_a_field_says_so(self) -> None:
        """As everybody is."""
        body = to_group("hikers", sender="42", data={"text": "<@uid:42>"})
        found = without(body, "42")["data"]["message"]
        assert (found["sender"], found["data"]) == (ALIAS, {})
        assert known_user("42", ALIAS).in_key("welcome:42") == f"welcome:{ALIAS}"
