"""`comethooks send` of many bodies: stories, files, the same twice, several at a time."""

import json
import threading

import pytest

from comethooks import schemas
from comethooks.samples import STORIES
from comethooks.workers.clock import now_ms

LINES = [
    b'{"trigger": "message_sent",  "data": {"n": 1}}',
    b'{"trigger":"message_sent","data":{"n":2}, "x":"\\u00e9"}',
]
DOCUMENT = b'{\n  "trigger": "message_sent",\n  "data": {"n": 1}\n}\n'


@pytest.fixture
def file(tmp_path):
    """A file with these lines."""

    def make(*lines):
        path = tmp_path / "bodies.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return str(path)

    return make


def posted(listener):
    """The bodies, byte for byte."""
    return [body for _, _, body in listener.requests]


def triggers(listener):
    return [json.loads(body)["trigger"] for body in posted(listener)]


class TestStory:
    @pytest.mark.parametrize("name", STORIES)
    def test_is_accepted_from_beginning_to_end(self, command, application, kept, name):
        """All of it, by the real application."""
        done = command("send", "story", name)
        assert done.exit_code == 0, done.output
        printed = command("send", "story", name, "--print").stdout.splitlines()
        assert sorted(record.trigger for record in kept()) == sorted(
            json.loads(line)["trigger"] for line in printed
        )
        assert done.stdout.startswith(f"{len(printed)} sent: {len(printed)} accepted, 0 refused, ")
        assert f"sent {len(printed)} of {len(printed)}" in done.stderr

    def test_is_sent_in_the_order_in_which_it_is_printed(self, command, listener):
        """Here, one that has an order."""
        printed = command("send", "story", "call", "--print").stdout.splitlines()
        command("send", "story", "call", "--to", listener.url)
        assert triggers(listener) == [json.loads(line)["trigger"] for line in printed]
        assert len(set(triggers(listener))) > 1

    def test_has_as_many_messages_as_are_asked_for(self, command, listener):
        """And whatever happens to them."""
        command("send", "story", "conversation", "--messages", "3", "--to", listener.url)
        assert triggers(listener).count("message_sent") == 3

    def test_may_end_otherwise(self, command, listener):
        """A call that nobody takes."""
        command("send", "story", "call", "--variant", "unanswered", "--to", listener.url)
        assert triggers(listener) == ["call_initiated", "call_unanswered"]

    @pytest.mark.parametrize("pace", [(), ("--rate", "500"), ("--concurrency", "4")])
    def test_several_are_each_in_order(self, command, listener, pace):
        """However many are told at once."""
        done = command("send", "story", "call", "--count", "8", *pace, "--to", listener.url)
        assert done.exit_code == 0, done.output
        told = {}
        for body in map(json.loads, posted(listener)):
            call = body["data"].get("call")
            session = (
                call["data"]["entities"]["on"]["entity"]["sessionid"]
                if call
                else body["data"]["sessionId"]
            )
            told.setdefault(session, []).append(body["trigger"])
        [once] = {tuple(each) for each in told.values()}
        assert len(told) == 8
        assert (once[0], once[-1]) == ("call_initiated", "transcription_generated")

    def test_can_be_changed_throughout(self, command, listener):
        """Setting and removing change what is there, in each body that has it."""
        command(
            *("send", "story", "call", "--to", listener.url),
            *("--set", "region=us", "--remove", "data.recording_url"),
        )
        bodies = [json.loads(body) for body in posted(listener)]
        assert {body["region"] for body in bodies} == {"us"}
        assert not any("recording_url" in body["data"] for body in bodies)

    def test_nothing_in_it_is_in_the_future(self, command):
        """It ends now."""
        printed = command("send", "story", "conversation", "--print").stdout.splitlines()
        times = [schemas.parse(json.loads(line), line.encode()).occurred_at for line in printed]
        assert now_ms() - 60_000 < times[-1] <= now_ms()


class TestFile:
    def test_lines_are_sent_as_they_stand(self, command, listener, file):
        """Byte for byte, in order, without those that are empty."""
        done = command(
            "send",
            "--from-file",
            file(LINES[0], b"", LINES[1], b"  ", b"no json"),
            "--to",
            listener.url,
        )
        assert posted(listener) == [*LINES, b"no json"]
        assert done.stdout.startswith("3 sent: 3 accepted")
        assert "sent 3 of 3" in done.stderr

    def test_a_document_of_several_lines_is_one_body(self, command, listener, file):
        """With every blank in it; its answer is shown."""
        done = command("send", "--from-file", file(DOCUMENT[:-1]), "--to", listener.url)
        assert posted(listener) == [DOCUMENT]
        assert done.stdout == '200 {"id": "1"}\n'

    def test_what_is_no_json_is_for_the_server_to_refuse(self, command, application, file):
        """To try just that."""
        done = command("send", "--from-file", file(b"[1, 2]"))
        assert done.exit_code == 1
        assert done.stdout.startswith("400 ")

    def test_a_minus_is_standard_input(self, command, listener):
        """So that bodies can come from another command."""
        done = command.piped(b"\n".join(LINES), "send", "--from-file", "-", "--to", listener.url)
        assert done.exit_code == 0, done.output
        assert posted(listener) == LINES

    def test_lines_can_be_changed(self, command, listener, file):
        """Those that have something there to remove; another order of the keys is no change."""
        done = command(
            *("send", "--from-file", file(*LINES), "--to", listener.url),
            *("--add", "data.text=hello", "--remove", "x", "--remove", "data.nothing"),
        )
        assert done.exit_code == 0, done.output
        assert [json.loads(body) for body in posted(listener)] == [
            {"trigger": "message_sent", "data": {"n": n, "text": "hello"}} for n in (1, 2)
        ]
        assert "There was nothing to remove at data.nothing." in done.stderr
        assert "at x." not in done.stderr

    @pytest.mark.parametrize("arguments", [("--print",), ()])
    def test_a_path_to_set_that_is_in_no_line_is_a_failure(
        self, command, listener, file, arguments
    ):
        """What is in a file is known when it was sent; what was asked for was not done."""
        done = command(
            *("send", "--from-file", file(*LINES), "--set", "data.nn=1", "--to", listener.url),
            *arguments,
        )
        assert done.exit_code == 1
        assert "nothing is at data.nn; did you mean data.n? --add data.nn=… adds it" in done.stderr

    def test_a_line_that_cannot_be_changed_ends_it_with_its_number(self, command, listener, file):
        """What was before it was sent."""
        done = command(
            "send", "--from-file", file(LINES[0], b"", b"[]"), "--add", "a=1", "--to", listener.url
        )
        assert done.exit_code == 1
        assert "line 3 of" in done.stderr
        assert "not a JSON object but a list, so nothing in it can be changed" in done.stderr

    def test_an_empty_file_is_a_failure(self, command, listener, file):
        """Nothing was sent."""
        done = command("send", "--from-file", file(b"", b" "), "--to", listener.url)
        assert done.exit_code == 1
        assert "there is nothing to send in " in done.stderr

    def test_can_be_printed(self, command, file):
        """As it would be sent."""
        done = command("send", "--from-file", file(*LINES), "--print")
        assert done.stdout_bytes.splitlines() == LINES


class TestDuplicate:
    def test_each_body_is_sent_twice_byte_for_byte(self, command, listener):
        """The second right after the first."""
        command("send", "message_sent", "--duplicate", "--count", "2", "--to", listener.url)
        one, again, other, other_again = posted(listener)
        assert one == again != other == other_again

    @pytest.mark.parametrize("pace", [(), ("--concurrency", "4"), ("--rate", "400")])
    def test_the_closing_line_says_how_many_were_recognised(self, command, application, kept, pace):
        """All of them, by the real application."""
        done = command("send", "message_sent", "--duplicate", "--count", "10", *pace)
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith(
            "20 sent: 20 accepted (10 of 10 recognised as duplicates), 0 refused, "
        )

    def test_it_says_so_also_when_none_was(self, command, listener):
        """That is what one wants to know."""
        done = command("send", "message_sent", "--duplicate", "--to", listener.url)
        assert done.stdout.startswith(
            "2 sent: 2 accepted (0 of 1 recognised as duplicates), 0 refused, "
        )


class TestConcurrency:
    def test_so_many_are_under_way_at_a_time(self, command, listener):
        """Nobody is answered before four are there."""
        listener.gate = threading.Barrier(4)
        done = command(
            "send", "message_sent", "--count", "8", "--concurrency", "4", "--to", listener.url
        )
        assert done.exit_code == 0, done.output
        assert len({json.loads(body)["data"]["message"]["id"] for body in posted(listener)}) == 8

    def test_with_a_rate_it_is_the_rate_that_counts(self, command, listener):
        """As long as the connections suffice."""
        done = command(
            *("send", "message_sent", "--count", "11", "--rate", "50", "--concurrency", "4"),
            *("--to", listener.url),
        )
        rate = float(done.stdout.split(", ")[2].removesuffix(" per second"))
        assert rate < 56

    def test_all_of_them_end_when_nobody_listens(self, command):
        """At once."""
        done = command(
            *(
                "send",
                "message_sent",
                "--count",
                "100000",
                "--concurrency",
                "8",
                "--to",
                "http://127.0.0.1:9",
            )
        )
        assert done.exit_code == 1
        assert done.stderr.count("nobody listens") == 1


class TestRemove:
    def test_removes_what_is_there(self, command, application):
        """So that the application says what it misses."""
        done = command("send", "message_sent", "--remove", "data.message.id")
        assert done.exit_code == 1
        assert done.stdout.startswith("422 ")
        assert "data.message.id" in done.stdout

    def test_what_is_removed_can_be_set_anew(self, command, listener):
        """Removing comes first, in whichever order they are given."""
        command(
            *("send", "message_sent", "--to", listener.url),
            *("--set", "data.message.data.text=new", "--remove", "data.message.data"),
        )
        assert json.loads(posted(listener)[0])["data"]["message"]["data"] == {"text": "new"}

    @pytest.mark.parametrize("path", ["data.message.nothing", "data..text"])
    def test_a_path_that_leads_nowhere_is_wrong_use(self, command, listener, path):
        """Before anything is sent."""
        done = command("send", "message_sent", "--remove", path, "--to", listener.url)
        assert done.exit_code == 2
        assert "'--remove'" in done.stderr
        assert posted(listener) == []


class TestWrongUse:
    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ((), "say what to send: a TRIGGER, `story NAME`, or --from-file FILE"),
            (("message_sent", "group_created"), "one trigger at a time: leave 'group_created' out"),
            (("story",), "name one story: conversation, group, call, moderation, form"),
            (("story", "call", "form"), "name one story"),
            (("story", "conversaton"), "did you mean conversation? Stories: "),
            (
                ("story", "call", "--variant", "rejectd"),
                "did you mean rejected? Variants: answered, rejected",
            ),
            (("story", "call", "--messages", "3"), "there are no messages in that of a call"),
            (("story", "group", "--legacy"), "--legacy is for single events"),
            (("story", "group", "--bot"), "--bot is for single events"),
            (
                ("story", "group", "--concurrency", "2"),
                "is for several stories at once: add --count N",
            ),
            (
                ("message_sent", "--messages", "3"),
                "`comethooks send story conversation --messages 50`",
            ),
            (("message_sent", "--concurrency", "2"), "is for several bodies: add --count N"),
            (("message_sent", "--bot"), "bots are only called with after_message"),
            (
                ("message_sent", "--variant", "imag"),
                "message_sent has no 'imag'; did you mean image?",
            ),
            (
                ("group_created", "--variant", "big"),
                "there is one form of group_created; leave it out",
            ),
            (("after_message", "--bot", "--legacy"), "leave --legacy out"),
            (("message_sent", "--print", "--rate", "2"), "leave --rate and --concurrency out"),
        ],
    )
    def test_says_what_to_do(self, command, arguments, text):
        """Instead of guessing what was meant."""
        done = command("send", *arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert text in " ".join(done.stderr.split())

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--count", "2"),
            ("--variant", "image"),
            ("--messages", "2"),
            ("--legacy",),
            ("--bot",),
            ("message_sent",),
        ],
    )
    def test_what_is_in_a_file_is_not_made_up(self, command, file, arguments):
        """So what is for samples does not go with it."""
        done = command("send", "--from-file", file(*LINES), *arguments)
        assert done.exit_code == 2
        assert "--from-file sends what is in the file" in " ".join(done.stderr.split())
