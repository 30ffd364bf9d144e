"""Each failure of a connection is said in its own words."""

import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from comethooks.cli.send import posting
from comethooks.cli.send.posting import Posted, post
from tests.comethooks.doctor.answering import certificate
from tests.missing import missing
from tests.webhooks.serving import free_port

Talk = Callable[[socket.socket], None]


@contextmanager
def listening(talk: Talk) -> Iterator[str]:
    """A server that does something with its one connection; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            connection, _ = server.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=work)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def posted(url: str, timeout: float = 10) -> Posted:
    """What comes of a body that is posted there."""
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        return post(client, httpx.URL(url), b"{}")


def take(connection: socket.socket) -> None:
    """Read a whole request, which ends with its body."""
    request = b""
    while not request.endswith(b"{}"):
        request += connection.recv(65536)


def hang_up(connection: socket.socket) -> None:
    """Read something, and close."""
    connection.recv(65536)


def reset(connection: socket.socket) -> None:
    """Hang up as a process does that was killed."""
    take(connection)
    die(connection)


def reset_at_once(connection: socket.socket) -> None:
    """Hang up in the same way at the first byte."""
    connection.recv(1)
    die(connection)


def die(connection: socket.socket) -> None:
    """Have the connection reset when it is closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def say_nothing(connection: socket.socket) -> None:
    """Wait until the other side has enough."""
    with suppress(OSError):
        while connection.recv(65536):
            pass


def speak_something_else(connection: socket.socket) -> None:
    """Greet like a server for mail."""
    connection.sendall(b"220 mail.example.com ready\r\n\r\n")
    say_nothing(connection)


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (reset, "the connection was reset before an answer came; does it want https://?"),
        (take, "the connection was closed before an answer"),
        (speak_something_else, "what came back is not HTTP"),
    ],
)
def test_what_goes_wrong_after_the_connection(talk: Talk, said: str) -> None:
    """The next body may have more luck, so it is an answer that did not come."""
    with listening(talk) as address:
        answer = posted(f"http://{address}")
    assert (answer.status, answer.hopeless, answer.nobody_listens) == (None, False, False)
    assert said in str(answer.error)


def test_an_answer_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the seconds that were waited."""
    monkeypatch.setattr(posting, "TIMEOUT_SECONDS", 0.2)
    with listening(say_nothing) as address:
        answer = posted(f"http://{address}", timeout=0.2)
    assert answer.error == "no answer came within 0.2 seconds"


def test_nobody_listening() -> None:
    """The one failure for which the remedy is to start something."""
    answer = posted(f"http://127.0.0.1:{free_port()}")
    assert (answer.error, answer.nobody_listens) == ("nobody listens there", True)


def test_a_name_that_leads_nowhere() -> None:
    """With the name."""
    answer = posted("http://nowhere.invalid")
    assert (answer.nobody_listens, answer.hopeless) == (False, True)
    assert "the name nowhere.invalid leads nowhere: " in str(answer.error)


def test_a_server_without_tls() -> None:
    """It is the scheme that is wrong."""
    with listening(speak_something_else) as address:
        answer = posted(f"https://{address}")
    assert (answer.nobody_listens, answer.hopeless) == (False, True)
    assert str(answer.error).startswith("TLS failed, because what listens there speaks none")
    assert "use http://" in str(answer.error)


@pytest.mark.parametrize(
    ("talk", "said"),
    [
        (say_nothing, "no TLS came about within 0.2 seconds; does it speak plain http://?"),
        (hang_up, "TLS failed: the connection was closed; does it speak plain http://?"),
        (reset_at_once, "TLS failed: the connection was reset; does it speak plain http://?"),
    ],
)
def test_a_server_that_does_not_answer_to_tls(
    talk: Talk, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is a connection, as there is to a web process that waits for a plain request."""
    monkeypatch.setattr(posting, "TIMEOUT_SECONDS", 0.2)
    with listening(talk) as address:
        answer = posted(f"https://{address}", timeout=0.2)
    assert (answer.error, answer.hopeless) == (said, True)


def test_a_certificate_that_is_not_to_be_trusted(tmp_path: Path) -> None:
    """With what OpenSSL says of it."""
    if not shutil.which("openssl"):
        missing("no openssl to make a certificate with (Debian: apt-get install openssl)")
    context, _ = certificate(tmp_path, days=9)

    def greet(connection: socket.socket) -> None:
        with suppress(OSError):  # the client goes away
            context.wrap_socket(connection, server_side=True).close()

    with listening(greet) as address:
        answer = posted(f"https://{address}")
    assert (answer.nobody_listens, answer.hopeless) == (False, True)
    assert "the certificate is not to be trusted: self" in str(answer.error)


def test_the_command_says_it(command: Callable[..., object]) -> None:
    """And says that nobody listens only where that is so."""
    with listening(speak_something_else) as address:
        done = command("send", "message_sent", "--to", f"https://{address}")
    assert done.exit_code == 1  # type: ignore[attr-defined]
    said = done.stderr  # type: ignore[attr-defined]
    assert f"https://{address}/webhooks cannot be reached: TLS failed" in said
    assert "nobody listens" not in said
