"""A body without a user: what the user wrote is gone, and another name stands for the uid."""

import copy
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comethooks import schemas
from comethooks.schemas.forgetting import forgotten, forgotten_value
from comethooks.schemas.forgotten_user import ForgottenUser, known_user, may_be_a_word
from tests.looped import looped

ALIAS = "forgotten-0a1b2c3d"
BODIES = sorted((Path(__file__).parents[1] / "bodies").glob("*.json"))
UID_KEYS = frozenset(("uid", "sender", "receiver", "receiverUid", "interactedBy"))


def user(uid: str) -> ForgottenUser:
    return known_user(uid, ALIAS)


def uids_in(value: Any) -> set[str]:
    """Who is named in a body, as far as the keys of uids go."""
    if isinstance(value, list):
        return set().union(*map(uids_in, value))
    if not isinstance(value, dict):
        return set()
    of_group = str(value.get("receiverType", "")).lower() == "group"
    found = {
        item
        for key, item in value.items()
        if key in UID_KEYS and isinstance(item, str) and not (of_group and key == "receiver")
    }
    return found.union(*map(uids_in, value.values()))


@looped("path", BODIES, ids=lambda path: path.stem)
def test_of_every_body_no_uid_is_left(path: Path) -> None:
    """And what is left is read as before, but for the name."""
    raw = path.read_bytes()
    body = schemas.decode(raw)
    if schemas.trigger_of(body) is None:
        return
    before = schemas.parse(body, raw)
    for uid in uids_in(body):
        who = user(uid)
        changed = forgotten(copy.deepcopy(body), who, by_user=before.sender == uid)
        written = orjson.dumps(changed)
        assert uid.encode() not in written
        after = schemas.parse(schemas.decode(written), written)
        assert (after.trigger, after.name, after.app_id) == (
            *(before.trigger, before.name, before.app_id),
        )
        assert after.conversation_id == (
            before.conversation_id and who.in_id(before.conversation_id)
        )
        assert after.sender == (before.sender and who.in_id(before.sender))
        assert after.occurred_at == before.occurred_at
        assert set(after.drift) <= set(before.drift)


@looped("path", BODIES, ids=lambda path: path.stem)
def test_whom_a_body_does_not_name_changes_nothing(path: Path) -> None:
    """Not one value."""
    body = schemas.decode(path.read_bytes())
    assert forgotten(copy.deepcopy(body), user("nobody-99"), by_user=False) == body


WORDS = ("user", "group", "message", "type", "text", "trigger", "data", "uid", "title", "1")


@looped("path", BODIES, ids=lambda path: path.stem)
def test_whose_uid_is_a_word_of_the_wire_breaks_nothing(path: Path) -> None:
    """Not what CometChat calls things, nor the numbers that it counts and tells times by."""
    body = schemas.decode(path.read_bytes())
    for uid in {*WORDS, str(body.get("trigger"))} - uids_in(body):
        assert forgotten(copy.deepcopy(body), user(uid), by_user=False) == body


UNUSUAL = ("o'm\"ar", "50%_off", "ünï@x.de", "a.b@c.de", "a\\b.c", "ö-mär", "x" * 255)


@pytest.mark.parametrize("uid", UNUSUAL)
class TestUnusualUids:
    """CometChat makes none that have more than letters, digits, `_` and `-`; bodies may."""

    def test_are_found_in_ids(self, uid: str) -> None:
        """Of which they are a part, also by who only knows their hash."""
        hashed = ForgottenUser(ALIAS, uid.__eq__, is_word=may_be_a_word(uid))
        pair = "_user_".join(sorted((uid, "zoe")))
        for who in (user(uid), hashed):
            assert who.in_id(pair) == f"{ALIAS}_user_zoe"
        assert user(uid).in_id(f"app1/{pair}") in (
            *(f"app1/{ALIAS}_user_zoe", f"app1/zoe_user_{ALIAS}"),
        )

    def test_are_found_in_errors(self, uid: str) -> None:
        """As Python, JSON and addresses write them."""
        for written in (repr(uid), json.dumps(uid), quote(uid, safe="")):
            assert user(uid).names(f"KeyError: {written} (status 404)"), written

    def test_are_not_found_in_others(self, uid: str) -> None:
        """Whose uid begins or ends so."""
        for other in (f"{uid}x", f"x{uid}", f"{uid}-2"):
            assert user(uid).in_id(other) == other
            assert not user(uid).names(f"KeyError: {other!r}")


class TestIds:
    @pytest.mark.parametrize(
        ("text", "changed"),
        [
            ("omar", ALIAS),
            ("omar_user_zoe", f"{ALIAS}_user_zoe"),
            ("ann_user_omar", f"ann_user_{ALIAS}"),
            ("zz/user:omar", f"zz/user:{ALIAS}"),
            ("omar_1760000000123", f"{ALIAS}_1760000000123"),
            ("group_omar", "group_omar"),
            ("omar2_user_zoe", "omar2_user_zoe"),
            ("my-omar", "my-omar"),
            ("omar_2", "omar_2"),
        ],
    )
    def test_the_user_is_a_whole_part(self, text: str, changed: str) -> None:
        """Other users have uids that begin or end so."""
        assert user("omar").in_id(text) == changed

    def test_a_pair_is_sorted_as_cometchat_does(self) -> None:
        """So what is worked out of a body is what stands in it."""
        assert user("zoe").in_id("ann_user_zoe") == f"ann_user_{ALIAS}"
        assert user("aa").in_id("aa_user_bb") == f"bb_user_{ALIAS}"


class TestTexts:
    def test_a_word_names_nobody(self) -> None:
        """Unless it is a mention; a uid that can be no word names somebody wherever it stands."""
        assert user("omar").in_text("omar <@uid:omar> omar_user_x") == (
            f"omar <@uid:{ALIAS}> {ALIAS}_user_x"
        )
        assert user("user-4711").in_text("is user-4711 in?") == f"is {ALIAS} in?"

    @pytest.mark.parametrize("uid", ["omar", "42", "admin", "a-1"])
    def test_what_may_be_a_word(self, uid: str) -> None:
        """Letters only, a short number, or hardly anything."""
        assert may_be_a_word(uid)

    @pytest.mark.parametrize("uid", ["user-4711", "superhero1", "1234567"])
    def test_what_may_not(self, uid: str) -> None:
        """It has a digit or a dash, and some length."""
        assert not may_be_a_word(uid)


class TestWhatTellsOfSomebody:
    @pytest.mark.parametrize("text", ["welcome_user-4711 failed", "no user-4711_x", "user-4711"])
    def test_holds_the_uid_as_a_part_of_a_word(self, text: str) -> None:
        """An error is no id of somebody else: it may go."""
        assert user("user-4711").is_told_of(text)

    @pytest.mark.parametrize("text", ["no user-47112", "xuser-4711", "", None])
    def test_is_not_told_of_others(self, text: str | None) -> None:
        """Whose uid has more letters."""
        assert not user("user-4711").is_told_of(text)

    def test_of_a_word_only_as_a_word(self) -> None:
        """Or else what tells of `omar_2` would go with `omar`."""
        assert user("omar").is_told_of("KeyError: 'omar'")
        assert not user("omar").is_told_of("KeyError: 'omar_2'")


class TestOwners:
    def body(self, **message: Any) -> dict[str, Any]:
        told = {"id": "42", "receiverType": "user", "category": "message", "type": "text"}
        return {"trigger": "message_sent", "appId": "a", "data": {"message": told | message}}

    def test_a_quoted_message_is_its_senders(self) -> None:
        """Whoever quotes it."""
        quoted = {"id": "1", "sender": "ann", "data": {"text": "said before"}}
        mine = self.body(sender="omar", receiver="ann", text="mine", quotedMessage=quoted)
        found = forgotten(mine, user("omar"), by_user=True)["data"]["message"]
        assert found["quotedMessage"]["data"]["text"] == "said before"
        assert "text" not in found
        theirs = self.body(
            sender="ann", receiver="omar", quotedMessage={**quoted, "sender": "omar"}
        )
        found = forgotten(theirs, user("omar"), by_user=False)["data"]["message"]
        assert found["quotedMessage"]["data"] == {}

    def test_a_number_may_be_a_uid(self) -> None:
        """Where a uid stands; the message that has the same number keeps it."""
        body = self.body(sender=42, receiver="ann", id=42, data={"metadata": {"count": 42}})
        found = forgotten(body, user("42"), by_user=True)["data"]["message"]
        assert (found["id"], found["sender"]) == (42, ALIAS)

    def test_what_nobody_declared_is_renamed_with_others_and_gone_with_the_user(self) -> None:
        """As keys, as values, and as a part of ids."""
        extra = {"omar": {"by": "omar"}, "at": "x/omar", "admin": "omar says hi"}
        body = self.body(sender="ann", receiver="x", new=extra)
        found = forgotten(body, user("omar"), by_user=False)["data"]["message"]
        assert found["new"] == {ALIAS: {"by": ALIAS}, "at": f"x/{ALIAS}", "admin": "omar says hi"}
        body = self.body(sender="omar", receiver="x", new=extra)
        assert "new" not in forgotten(body, user("omar"), by_user=True)["data"]["message"]

    def test_what_the_user_sent_is_known_where_nothing_is_declared(self) -> None:
        """In a trigger that CometChat invents tomorrow; what is ours is only renamed."""
        told = {"sender": "omar", "text": "mine", "new": 1, "sentAt": 5}
        body = {"trigger": "message_folded", "appId": "a", "data": {"deep": {"it": told}}}
        found = forgotten(body, user("omar"), by_user=False)
        assert found["data"]["deep"]["it"] == {"sender": ALIAS, "sentAt": 5}
        assert forgotten_value(told, user("omar")) == {**told, "sender": ALIAS}

    def test_what_happened_is_not_told_in_words(self) -> None:
        """An action message names people by their names."""
        body = self.body(
            sender="app_system",
            category="action",
            message="Omar K. added Ann",
            actionBy={"uid": "omar", "name": "Omar K."},
        )
        found = forgotten(body, user("omar"), by_user=False)["data"]["message"]
        assert "message" not in found
        assert found["actionBy"] == {"uid": ALIAS}

    def test_a_press_is_whose_it_is(self) -> None:
        """Who pressed, not who sent the message that was pressed."""
        told = {"interactedBy": "omar", "sender": "ann", "formData": {"name": "Omar K."}}
        body = {"trigger": "ui_message_interacted", "appId": "a", "data": told}
        assert forgotten(body, user("omar"), by_user=True)["data"]["formData"] == {}
        kept = forgotten(body, user("ann"), by_user=False)["data"]
        assert kept == {**told, "sender": ALIAS}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("omar-_x 1<@uid:>", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uid", "sender", "omar", "data", "x"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(values)
def test_whatever_a_value_is_it_is_forgotten_once(value: Any) -> None:
    """A second time changes nothing, and nobody else's value ever changes."""
    once = forgotten_value(value, user("omar"))
    assert forgotten_value(once, user("omar")) == once
    assert '"omar"' not in json.dumps(once)
    assert forgotten_value(value, user("somebody-else-1")) == value
