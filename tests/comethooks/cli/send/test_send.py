"""`comethooks send`: what is sent, and what comes of it."""

import json
import re
from random import Random, SystemRandom

import httpx
import pytest

from comethooks import schemas
from comethooks.cli.send.target import addressed
from comethooks.samples import APP_ID, all_samples
from comethooks.workers.clock import now_ms
from comethooks.workers.record import event_of
from comethooks.workers.texts import dumps


class TestOne:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("message_sent",),
            ("message_read_receipt", "--legacy"),
            ("group_member_joined",),
            ("after_message", "--bot"),
            ("message_sent", "--variant", "form"),
        ],
    )
    def test_a_sample_is_accepted(self, command, application, kept, arguments):
        """And the answer shown."""
        done = command("send", *arguments)
        assert done.exit_code == 0, done.output
        [record] = kept()
        assert record.trigger == arguments[0]
        assert done.stdout.startswith("200 ")
        assert json.loads(done.stdout.removeprefix("200 ")) == {"id": record.id}

    def test_a_message_in_flight_is_answered_with_an_empty_object(self, command, application, kept):
        """Anything else would become part of the message."""
        done = command("send", "before_message")
        assert (done.exit_code, done.stdout) == (0, "200 {}\n")
        assert [record.trigger for record in kept()] == ["before_message"]

    def test_a_question_of_moderation_is_answered_with_the_decision(
        self, command, application, kept
    ):
        """Out of its envelope: the URL says of which app and which rule it is."""
        done = command("send", "moderation_requested", "--text", "hello", "--set", "rule=scam")
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout.removeprefix("200 "))["isMatchingCondition"] is False
        [record] = kept()
        event = event_of(record)
        assert (event.rule, event.app_id, event.message.text) == ("scam", APP_ID, "hello")

    @pytest.mark.parametrize(
        ("to", "path"),
        [
            ("/webhooks", "/moderation?app=app1&rule=x"),
            ("/chat/webhooks?a=b", "/chat/moderation?a=b&app=app1&rule=x"),
            ("/check", "/check?app=app1&rule=x"),
        ],
    )
    def test_a_question_goes_beside_the_webhooks(self, to, path):
        """Another path is taken as it is."""
        target = httpx.URL(f"http://chat.example.org{to}")
        body = dumps(
            {"trigger": "moderation_requested", "appId": "app1", "rule": "x", "data": {"a": 1}}
        )
        url, sent = addressed(target, body)
        assert (url.raw_path.decode(), sent) == (path, b'{"a":1}')

    @pytest.mark.parametrize(
        "body", [b"no", b'"moderation_requested"', b'{"trigger":"moderation_requested"}']
    )
    def test_what_is_no_question_goes_where_all_else_goes(self, body):
        """As it stands."""
        target = httpx.URL("http://chat.example.org/webhooks")
        assert addressed(target, body) == (target, body)

    def test_every_kind_of_sample_is_accepted(self, command, application, kept, tmp_path):
        """All of them from one file."""
        bodies = dict(all_samples(now_ms=now_ms(), random=Random(1)))
        file = tmp_path / "bodies.jsonl"
        file.write_bytes(b"\n".join(map(dumps, bodies.values())))
        done = command("send", "--from-file", str(file))
        assert done.exit_code == 0, done.output
        assert sorted(record.trigger for record in kept()) == sorted(
            kind.trigger for kind in bodies
        )

    def test_a_variant_is_another_form_of_the_same(self, command, listener):
        """Here, a message with a file."""
        command("send", "message_sent", "--variant", "image", "--to", listener.url)
        message = json.loads(listener.requests[0][2])["data"]["message"]
        assert message["type"] == "image"
        assert message["data"]["attachments"][0]["url"] == message["data"]["url"]

    def test_sending_twice_is_two_events(self, command, application, kept):
        """Each has ids of its own."""
        command("send", "message_sent")
        command("send", "message_sent")
        assert [record.kind for record in kept()] == ["event", "event"]

    def test_json_has_the_answer_as_an_object(self, command, application):
        """So that a script need not parse it again."""
        [answer] = command.json("send", "message_sent")
        assert answer.keys() == {"status", "ms", "answer", "error"}
        assert (answer["status"], answer["answer"].keys(), answer["error"]) == (200, {"id"}, None)

    def test_set_changes_the_body(self, command, application, kept):
        """A value that is JSON is taken as JSON, and everything else as text."""
        command(
            "send",
            "message_sent",
            *("--set", 'data.message.data.text="hello"'),
            *("--add", "data.message.data.metadata.score=0.5"),
            *("--set", "data.message.sender=ada"),
        )
        message = schemas.decode(kept()[0].body)["data"]["message"]
        assert message["data"]["text"] == "hello"
        assert message["data"]["metadata"] == {"score": 0.5}
        assert message["sender"] == "ada"

    def test_a_refused_body_is_exit_1_with_the_reason(self, command, application):
        """A script sees that it was refused, and a person why."""
        done = command("send", "message_sent", "--set", "data.message=5")
        assert done.exit_code == 1
        assert done.stdout.startswith("422 ")
        assert '"data.message":["Not an object."]' in done.stdout

    def test_the_app_is_one_that_the_settings_let_in(self, command, listener):
        """Any other would be refused."""
        command("send", "message_sent", "--to", listener.url, COMETHOOKS_APP_IDS="myapp,other")
        assert json.loads(listener.requests[0][2])["appId"] == "myapp"

    @pytest.mark.parametrize(
        ("assignment", "near"),
        [
            ("data.message.data.txt=hi", "did you mean data.message.data.text?"),
            ("data.text=hi", "did you mean data.message.data.text?"),
            ("data.message.xyzzy=1", "--print shows the body"),
        ],
    )
    def test_set_needs_something_to_change(self, command, listener, assignment, near):
        """A misspelt path would otherwise be sent beside the right one."""
        done = command("send", "message_sent", "--set", assignment, "--to", listener.url)
        said = " ".join(done.stderr.split())
        path = assignment.partition("=")[0]
        assert (done.exit_code, listener.requests) == (2, [])
        assert f"nothing is at {path}" in said
        assert near in said
        assert f"--add {path}=… adds it" in said

    @pytest.mark.parametrize("option", ["--set", "--add", "--remove"])
    def test_a_place_in_a_list_is_written_with_a_dot(self, command, listener, option):
        """Whoever writes brackets is told, where a key with brackets would be made, or missed."""
        given = "data.message.tags[0]" + ("" if option == "--remove" else "=x")
        done = command("send", "message_sent", option, given, "--to", listener.url)
        assert (done.exit_code, listener.requests) == (2, [])
        assert "write data.message.tags.0" in " ".join(done.stderr.split())

    @pytest.mark.parametrize(
        ("share", "sent"), [(0.0, {"crew"}), (0.99, {None})], ids=["in groups", "to people"]
    )
    def test_set_changes_what_only_some_samples_have(
        self, command, listener, monkeypatch, share, sent
    ):
        """One in four messages goes into a group; whether it may be set is no matter of chance."""
        monkeypatch.setattr(SystemRandom, "random", lambda _: share)
        path = "data.message.data.entities.receiver.entity.guid"
        arguments = ("--count", "3", "--set", f"{path}=crew", "--to", listener.url)
        done = command("send", "message_sent", *arguments)
        assert done.exit_code == 0, done.output
        bodies = [json.loads(body) for _, _, body in listener.requests]
        entities = [body["data"]["message"]["data"]["entities"]["receiver"] for body in bodies]
        guids = {each["entity"].get("guid") for each in entities}
        assert guids == sent


class TestMany:
    @pytest.mark.parametrize("pace", [(), ("--rate", "400")])
    def test_what_came_of_them_is_the_closing_line(self, command, application, kept, pace):
        """With counts, the rate and how long the answers took."""
        done = command("send", "message_sent", "--count", "20", *pace)
        assert done.exit_code == 0, done.output
        [line] = done.stdout.splitlines()
        assert line.startswith("20 sent: 20 accepted, 0 refused, ")
        assert all(word in line for word in (" per second, p50 ", " ms, p99 "))
        assert "sent 20 of 20" in done.stderr
        assert [record.kind for record in kept()] == ["event"] * 20

    def test_the_rate_is_kept(self, command, listener):
        """No more than that many a second."""
        done = command(
            "send", "message_sent", "--count", "11", "--rate", "50", "--to", listener.url
        )
        rate = float(done.stdout.split(", ")[2].removesuffix(" per second"))
        assert rate < 56

    def test_json_is_one_object_an_answer(self, command, application):
        """A line each."""
        answers = command.json("send", "after_message", "--count", "3")
        assert [answer["status"] for answer in answers] == [200, 200, 200]

    def test_one_that_is_refused_makes_it_fail(self, command, listener):
        """The first one is shown."""
        listener.status, listener.answer = 503, b"busy"
        done = command("send", "message_sent", "--count", "3", "--to", listener.url)
        assert done.exit_code == 1
        assert done.stdout.startswith("3 sent: 0 accepted, 3 refused, ")
        assert "The first that was not accepted: 503 busy" in done.stderr

    @pytest.mark.parametrize("pace", [(), ("--rate", "1000")])
    def test_it_ends_at_once_when_nobody_listens(self, command, pace):
        """However many were still to be sent."""
        done = command(
            "send", "message_sent", "--count", "100000", *pace, "--to", "http://127.0.0.1:9"
        )
        assert done.exit_code == 1
        assert "nobody listens" in done.stderr


class TestWrongUse:
    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("mesage_sent", "did you mean message_sent or "),
            ("message.sent", "did you mean after_message or message_sent?"),
            (
                "nothing",
                "there is no sample of 'nothing'. `comethooks triggers` lists the triggers",
            ),
            ("comethooks_doctor", "which is sent by operator and not by CometChat"),
        ],
    )
    def test_an_unknown_trigger_gets_near_names_and_where_the_list_is(self, command, name, said):
        """Those of its canonical name, or those that look like it."""
        done = command("send", name)
        text = " ".join(done.stderr.split())
        assert done.exit_code == 2
        assert said in text
        assert "`comethooks events bookmark --list` your bookmarks" in text

    @pytest.mark.parametrize("name", ["interaction_goal_completed", "interaction.completed"])
    def test_what_is_made_here_is_sent_by_nobody(self, command, name):
        """It is said how to have it made: with commands that can be run."""
        done = command("send", name)
        text = " ".join(done.stderr.split())
        assert done.exit_code == 2
        assert "interaction_goal_completed is sent by nobody" in text
        for line in re.findall("`comethooks (send .+?)`", text):
            assert command(*line.split(), "--print").exit_code == 0

    def test_a_current_trigger_has_no_legacy_form(self, command):
        """Only six have one."""
        done = command("send", "message_sent", "--legacy")
        assert done.exit_code == 2
        assert "message_sent has no legacy form" in done.stderr

    @pytest.mark.parametrize(
        ("assignment", "text"),
        [
            ("--add=data.message.data.text.x=1", "data.message.data.text is a text and no object"),
            ("--set=data.message", "has no =; write PATH=VALUE"),
            ("--set==1", "empty part"),
        ],
    )
    def test_an_assignment_that_cannot_be_made_is_explained(
        self, command, listener, assignment, text
    ):
        """Before anything is sent."""
        done = command("send", "message_sent", "--to", listener.url, assignment)
        assert done.exit_code == 2
        assert text in done.stderr
        assert listener.requests == []


class TestPrint:
    def test_prints_bodies_and_sends_nothing(self, command, listener):
        """A line each, as they would be sent."""
        done = command("send", "message_sent", "--print", "--count", "2", "--to", listener.url)
        bodies = [json.loads(line) for line in done.stdout.splitlines()]
        assert [body["trigger"] for body in bodies] == ["message_sent", "message_sent"]
        assert bodies[0]["data"]["message"]["id"] != bodies[1]["data"]["message"]["id"]
        assert listener.requests == []

    def test_needs_neither_credentials_nor_a_server(self, command):
        """Printing asks nobody."""
        assert command("send", "before_message", "--print", COMETHOOKS_BASIC_AUTH="").exit_code == 0
