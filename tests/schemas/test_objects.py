"""The typed objects can be read, compared and shown, and not changed."""

from dataclasses import FrozenInstanceError

import pytest

from schemas.builders import message_from, user_from
from tests.bodies import body


def message(name):
    return message_from(body(name)["data"]["message"])


class TestObjects:
    def test_cannot_be_changed(self):
        found = message("message_sent_text")
        with pytest.raises(FrozenInstanceError):
            found.text = "other"
        with pytest.raises(TypeError):
            found.data["text"] = "other"

    @pytest.mark.parametrize("name", ["message_sent_text", "message_sent_media", "message_sent_sdk"])
    def test_shows_ids_only(self, name):
        found = message(name)
        shown = repr(found) + repr(found.sender) + repr(found.receiver) + repr(found.attachments)
        for private in ("Kran", "SDK", "Ada Lind", "crane.jpg", "Signature", "tok-"):
            assert private not in shown
        assert found.id in shown

    def test_can_be_compared_and_put_into_a_set(self):
        assert len({user_from("ada"), user_from({"uid": "ada"}), user_from("ben")}) == 2
