"""`comethooks send --text`, `--sender` and the like."""

import json

import pytest

from comethooks.cli.send import send
from comethooks.cli.send.field_options import option_of
from comethooks.samples.fields import Fields


class TestFields:
    def test_are_those_of_the_fixture(self):
        """What a test can say of an event, the command can say too."""
        options = {name for option in send.params for name in option.opts}
        assert {option_of(name) for name in Fields.__annotations__} <= options

    def test_say_something_of_a_message_wherever_it_stands(self, command, listener):
        """Without a path."""
        command(
            *("send", "message_sent", "--to", listener.url, "--sender", "ada", "--group", "crew"),
            *("--text", "hi", "--message-id", "7", "--tag", "a", "--tag", "b"),
            *("--metadata", '{"score": 3}'),
        )
        message = json.loads(listener.requests[0][2])["data"]["message"]
        assert (message["id"], message["sender"], message["receiver"]) == ("7", "ada", "crew")
        assert (message["conversationId"], message["tags"]) == ("group_crew", ["a", "b"])
        assert (message["data"]["text"], message["data"]["metadata"]) == ("hi", {"score": 3})
        assert message["data"]["entities"]["sender"]["entity"]["uid"] == "ada"

    @pytest.mark.parametrize(
        ("arguments", "path", "value"),
        [
            (("message_reaction_added", "--emoji", "x"), "data.reaction.reaction", "x"),
            (("group_member_kicked", "--member", "zoe"), "data.members.zoe.uid", "zoe"),
            (("message_read_receipt", "--message-id", "7"), "data.body.messageId", "7"),
            (("after_message", "--legacy", "--receiver", "ben"), "data.receiver", "ben"),
            (("after_message", "--bot", "--text", "hi"), "bot", "ferry-times"),
        ],
    )
    def test_say_something_of_other_events(self, command, listener, arguments, path, value):
        """Of whatever the event has."""
        done = command("send", *arguments, "--to", listener.url)
        assert done.exit_code == 0, done.output
        found = json.loads(listener.requests[0][2])
        for key in path.split("."):
            found = found[key]
        assert found == value

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("message_read_receipt", "--text", "hi"), "holds no message: leave --text out"),
            (("user_blocked", "--message-id", "7"), "has no message_id: leave --message-id out"),
            (
                ("message_sent", "--receiver", "a", "--group", "b"),
                "leave one of --receiver and --group out",
            ),
            (("message_sent", "--metadata", "5"), "write an object"),
            (("story", "call", "--text", "hi"), "--text is for single events"),
            (("after_message", "--bot", "--group", "x"), "--group is for others than bots"),
        ],
    )
    def test_that_an_event_does_not_have_are_wrong_use(self, command, listener, arguments, said):
        """Before anything is sent."""
        done = command("send", *arguments, "--to", listener.url)
        assert (done.exit_code, listener.requests) == (2, [])
        assert said in " ".join(done.stderr.split())
