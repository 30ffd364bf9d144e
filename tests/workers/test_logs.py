"""Logs: what they look like, and that they never hold the text of an exception."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from select import PIPE_BUF
from typing import Any

import pytest
import structlog

from comethooks.workers import logs
from comethooks.workers.settings.credentials import Credential
from comethooks.workers.states import RunState

SECRET = "what somebody wrote in confidence"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class UnprintableError(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where JSON logs go during a test."""
    stream = io.StringIO()
    logs.configure("json", stream)
    yield stream
    logs.configure()


@pytest.fixture(params=["json", "console"])
def any_format(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(request.param, stream)
    yield stream
    logs.configure()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def nested() -> BaseException:
    """An exception with another as its cause, both with text."""
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(SECRET) from error
    except ValueError as caught:
        return caught


class TestFormat:
    def test_json_is_one_object_a_line(self, stream: io.StringIO) -> None:
        structlog.get_logger().bind(handler="a.b").warning("run failed", attempt=2)
        [line] = lines(stream)
        timestamp = line.pop("timestamp")
        assert line == {"level": "warning", "event": "run failed", "handler": "a.b", "attempt": 2}
        assert timestamp.endswith("Z")
        assert abs((datetime.fromisoformat(timestamp) - datetime.now(UTC)).total_seconds()) < 60

    def test_debugging_is_left_out(self, stream: io.StringIO) -> None:
        structlog.get_logger().debug("detail")
        logging.getLogger("somewhere").debug("detail")
        assert lines(stream) == []

    def test_the_standard_library_logs_in_the_same_format(self, stream: io.StringIO) -> None:
        logging.getLogger("some.library").info("Running %s", "upgrade")
        [line] = lines(stream)
        assert line["event"] == "Running upgrade"
        assert (line["level"], line["logger"]) == ("info", "some.library")
        assert line["timestamp"].endswith("Z")

    @pytest.mark.parametrize("name", ["rq.worker", "rq.job", "rq.queue", "rq.registry", "httpx"])
    def test_loggers_that_tell_of_every_job_or_call_are_quiet(
        self, name: str, stream: io.StringIO
    ) -> None:
        logging.getLogger(name).info("GET https://example.com/?token=x")
        logging.getLogger(name).warning("trouble")
        assert [line["event"] for line in lines(stream)] == ["trouble"]

    def test_a_terminal_gets_lines_for_people_and_colours(self) -> None:
        terminal = Terminal()
        logs.configure("auto", terminal)
        structlog.get_logger().info("hello", size=3)
        logs.configure()
        assert "hello" in terminal.getvalue()
        assert "\x1b[" in terminal.getvalue()

    def test_elsewhere_it_is_json(self) -> None:
        stream = io.StringIO()
        logs.configure("auto", stream)
        structlog.get_logger().info("hello")
        logs.configure()
        assert lines(stream)[0]["event"] == "hello"

    def test_a_text_cannot_forge_a_line_on_a_console(self) -> None:
        """Whether it is the message, a value or the name of one; nor is a terminal made to obey."""
        stream = Terminal()
        logs.configure("console", stream)
        text = "done\n2026-11-29T09:00:00Z [info] all is well\x1b[2J\u202e"
        structlog.get_logger().info(text, conversation=text, **{text: text}, many=[text])
        logging.getLogger("theirs").warning("%s", text)
        logs.configure()
        assert len(stream.getvalue().splitlines()) == 2
        assert "\x1b[2J" not in stream.getvalue()
        assert "\u202e" not in stream.getvalue()

    def test_what_json_does_not_know_is_null(self, stream: io.StringIO) -> None:
        """A line with NaN could not be read by what reads logs."""
        structlog.get_logger().info("measured", share=float("nan"), of=["\ud800", float("inf")])
        text = stream.getvalue()
        line = json.loads(text, parse_constant=pytest.fail)
        assert (line["share"], line["of"]) == (None, ["\ufffd", None])

    def test_console_can_be_asked_for_where_there_is_no_terminal(self) -> None:
        stream = io.StringIO()
        logs.configure("console", stream)
        structlog.get_logger().info("hello", size=3)
        logs.configure()
        assert "size=3" in stream.getvalue()
        assert "\x1b[" not in stream.getvalue()

    def test_it_is_standard_error_by_default(self, capsys: pytest.CaptureFixture[str]) -> None:
        logs.configure("json")
        structlog.get_logger().info("hello")
        logging.getLogger("somewhere").info("there")
        logs.configure()
        captured = capsys.readouterr()
        assert captured.out == ""
        assert [json.loads(line)["event"] for line in captured.err.splitlines()] == [
            "hello",
            "there",
        ]

    def test_configuring_again_moves_loggers_that_were_in_use(self, stream: io.StringIO) -> None:
        """A logger that a module keeps must not go on writing to a closed stream."""
        log, other = structlog.get_logger(), logging.getLogger("somewhere")
        log.info("first")
        second = io.StringIO()
        logs.configure("json", second)
        log.info("second")
        other.info("third")
        assert [line["event"] for line in lines(stream)] == ["first"]
        assert [line["event"] for line in lines(second)] == ["second", "third"]

    def test_handlers_of_others_stay(
        self, stream: io.StringIO, caplog: pytest.LogCaptureFixture
    ) -> None:
        logs.configure("json", stream)
        logging.getLogger("somewhere").info("hello")
        assert caplog.messages == ["hello"]
        assert len(lines(stream)) == 1

    def test_a_stream_that_nobody_reads_ends_nothing(self) -> None:
        """The run that is being logged goes on."""
        stream = io.StringIO()
        logs.configure("json", stream)
        stream.close()
        structlog.get_logger().info("hello")
        logs.configure()


class TestValues:
    def test_plain_ones_are_shown(self, stream: io.StringIO) -> None:
        structlog.get_logger().info(
            "x",
            path=Path("/a"),
            state=RunState.DONE,
            at=datetime(2026, 1, 2, tzinfo=UTC),
            some=("a", 1, None, 1.5),
            counts={"a": {"b": 1}},
        )
        [line] = lines(stream)
        assert (line["path"], line["state"], line["at"]) == (
            "/a",
            "done",
            "2026-01-02T00:00:00+00:00",
        )
        assert (line["some"], line["counts"]) == (["a", 1, None, 1.5], {"a": {"b": 1}})

    def test_of_others_only_the_type_is_shown(self, stream: io.StringIO) -> None:
        """A body, a credential, an event or an exception that got here by mistake stays inside."""
        secret = SECRET.encode()
        structlog.get_logger().info(
            "x",
            body=secret,
            many=[secret, ValueError(SECRET)],
            credential=Credential("u", SECRET),
            error=ValueError(SECRET),
        )
        [line] = lines(stream)
        assert line["body"] == f"<{len(secret)} bytes>"
        assert line["many"] == [f"<{len(secret)} bytes>", "ValueError"]
        assert (line["credential"], line["error"]) == ("<Credential>", "ValueError")

    def test_secrets_are_masked(self, any_format: io.StringIO) -> None:
        """Of a URL or a part of a body that a handler logs, though it should not."""
        url = f"https://files.example.com/a.png?fat={SECRET}"
        structlog.get_logger().info(
            "x", url=url, sender={"uid": "ada", "authToken": SECRET}, all=[url]
        )
        logging.getLogger("other").info("fetched %s", url)
        text = any_format.getvalue()
        assert SECRET not in text
        assert "a.png" in text
        assert "ada" in text

    def test_what_json_cannot_hold_does_not_stop_a_line(self, stream: io.StringIO) -> None:
        """Lone surrogates come in by file names, huge integers by anything."""
        deep: list[Any] = []
        for _ in range(50):
            deep = [deep]
        structlog.get_logger().info("x\ud800", number=2**70, nothing="\x00", deep=deep)
        [line] = lines(stream)
        assert line["number"] == 2**70
        assert line["nothing"] == "\x00"
        assert line["event"].startswith("x\ufffd")


class TestExceptions:
    """The text of an exception may quote the body of a request."""

    def test_of_structlog_are_shown_without_their_text(self, any_format: io.StringIO) -> None:
        log = structlog.get_logger()
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            log.exception("one")
            log.error("two", exc_info=True)
            log.error("three", exc_info=error)
            log.error("four", exc_info=sys.exc_info())
        text = any_format.getvalue()
        assert SECRET not in text
        assert text.count("four") == 1
        assert text.count("ValueError") >= 4
        assert f"{__file__}:" in text

    def test_of_the_standard_library_too(self, any_format: io.StringIO) -> None:
        log = logging.getLogger("sqlalchemy.pool")
        try:
            raise nested()
        except ValueError as error:
            log.exception("one")
            log.error("two", exc_info=error)
            log.error("three: %s", error)
            log.error(error)
        text = any_format.getvalue()
        assert SECRET not in text
        assert "three: ValueError" in text
        assert "KeyError" in text

    def test_the_frames_are_shown(self, stream: io.StringIO) -> None:
        structlog.get_logger().error("x", exc_info=nested())
        [line] = lines(stream)
        assert line["error"] == "ValueError"
        assert line["at"].startswith(f"{__file__}:")
        assert line["exception"].count(f'File "{__file__}"') == 2
        assert line["exception"].splitlines()[-1] == "KeyError"

    def test_a_record_is_left_as_it_was_for_other_handlers(
        self, stream: io.StringIO, caplog: pytest.LogCaptureFixture
    ) -> None:
        logging.getLogger("somewhere").error("it: %s", ValueError("text"))
        assert caplog.messages == ["it: text"]
        assert lines(stream)[0]["event"] == "it: ValueError"

    def test_no_exception_is_no_trouble(self, stream: io.StringIO) -> None:
        structlog.get_logger().error("x", exc_info=True)
        [line] = lines(stream)
        assert set(line) == {"timestamp", "level", "event"}


class TestFailure:
    def test_it_has_the_type_and_the_place(self) -> None:
        error = raised(ValueError(SECRET))
        line = next(
            number
            for number, text in enumerate(Path(__file__).read_text().splitlines(), 1)
            if "raise error" in text
        )
        assert logs.failure(error) == {"error": "ValueError", "at": f"{__file__}:{line}"}

    def test_one_that_was_never_raised_has_no_place(self) -> None:
        assert logs.failure(ValueError(SECRET)) == {"error": "ValueError"}


class TestOneLine:
    def test_it_is_the_type_and_the_text(self) -> None:
        assert logs.one_line(ValueError("a  b\n\tc")) == "ValueError: a b c"

    def test_without_text_it_is_the_type(self) -> None:
        assert logs.one_line(ValueError()) == "ValueError"

    def test_it_is_cut_off(self) -> None:
        line = logs.one_line(ValueError("x" * 10_000))
        assert len(line) == 500
        assert line.endswith("x…")

    def test_it_can_be_stored(self) -> None:
        assert logs.one_line(ValueError("a\x00b\ud800")).startswith("ValueError: a\ufffdb\ufffd")

    def test_an_exception_without_a_text_to_be_made_has_a_line(self) -> None:
        assert logs.one_line(UnprintableError()) == "UnprintableError: (its text cannot be made)"


class TestTracebackText:
    def test_it_has_frames_and_text(self) -> None:
        text = logs.traceback_text(nested())
        assert text.startswith("Traceback (most recent call last):")
        assert text.rstrip().endswith(f"ValueError: {SECRET}")
        assert "The above exception was the direct cause" in text

    def test_its_end_is_kept(self) -> None:
        text = logs.traceback_text(raised(ValueError("x" * 20_000 + "end")))
        assert len(text) == 8_000
        assert text.rstrip().endswith("xend")
        assert text.startswith("…")

    def test_it_can_be_stored(self) -> None:
        text = logs.traceback_text(raised(ValueError("\x00\ud800")))
        text.encode()
        assert "\x00" not in text

    def test_an_exception_without_a_text_to_be_made_has_one(self) -> None:
        assert "UnprintableError" in logs.traceback_text(raised(UnprintableError()))


PLAIN = {"id": "01a226e7", "endpoint": "webhooks", "status": 200, "trigger": None, "ms": 15.4}


def test_a_plain_line_is_the_line_that_structlog_would_write(any_format: io.StringIO) -> None:
    """But for its time."""
    structlog.get_logger().info("request", **PLAIN)
    logs.plain_info("request", PLAIN)
    one, other = (
        re.sub(r"20\d\d-\S+?Z", "<time>", line) for line in any_format.getvalue().splitlines()
    )
    assert "<time>" in one
    assert one == other


def test_a_plain_line_goes_where_structlog_was_told_to_send_lines(stream: io.StringIO) -> None:
    with structlog.testing.capture_logs() as captured:
        logs.plain_info("request", PLAIN)
    assert captured == [{**PLAIN, "event": "request", "log_level": "info"}]
    assert stream.getvalue() == ""


def test_plain_lines_may_be_written_together_and_no_piece_is_too_long_for_a_pipe() -> None:
    written: list[str] = []

    class Pipe(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return super().write(text)

    logs.configure("json", Pipe())
    with logs.together():
        for number in range(40):
            logs.plain_info("request", {**PLAIN, "id": f"é{number}"})
        assert written == []
    logs.plain_info("request", PLAIN)
    logs.configure()
    lines = [json.loads(line) for line in "".join(written).splitlines()]
    assert [line["id"] for line in lines] == [*(f"é{number}" for number in range(40)), PLAIN["id"]]
    assert len(written) < len(lines)
    assert max(len(piece.encode()) for piece in written) <= PIPE_BUF
