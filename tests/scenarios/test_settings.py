"""Settings of real processes: a `.env` that all of them see, and names that nobody reads."""

import contextlib
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redis_server import RedisServer
from tests.scenarios.stack import PASSWORD, RECORDER, USER, Stack, free_port, message
from tests.waiting import wait_for

LOGGED = "nobody reads this setting"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """One deployment whose settings are in a `.env`, but for where it keeps its data."""
    made = Stack(tmp_path, "", settings={"COMETHOOKS_ZZ_QQ": "hush", "COMETHOOKS_WORKER": "hush"})
    made.plugin("tools", RECORDER)  # whose plugin is called `recorder`
    for name in ("COMETHOOKS_BASIC_AUTH", "COMETHOOKS_RECORDER_FILE", "PORT"):
        del made.environment[name]
    (tmp_path / "secret").write_text(f"{USER}:{PASSWORD}")
    (tmp_path / ".env").write_text(
        "# ours\n"
        "COMETHOOKS_BASIC_AUTH_FILE=secret\n"
        f'COMETHOOKS_RECORDER_FILE="{made.effects_file}" # quoted\n'
        f"export PORT={made.port}\n"
        "COMETHOOKS_LOG_FORMAT=hush\n"  # the real environment has another
    )
    yield made
    made.close()


def lines(stack: Stack, name: str) -> list[str]:
    """What was logged of one variable."""
    return [line for line in stack.log().splitlines() if LOGGED in line and f'"{name}"' in line]


def test_every_process_of_up_sees_the_file(stack: Stack) -> None:
    """The web process its port and credentials, a plugin in a work-horse its own setting."""
    up = stack.start("up")
    wait_for(lambda: "comethooks is ready" in stack.log() or up.poll() is not None, "it is ready")
    assert stack.post(message(1, 1)).status_code == 200
    wait_for(lambda: stack.effects().ids, "the plugin has written to the file of its setting")
    wait_for(lambda: lines(stack, "COMETHOOKS_ZZ_QQ"), "the workers have told")
    assert len(lines(stack, "COMETHOOKS_ZZ_QQ")) == 1
    [told] = lines(stack, "COMETHOOKS_WORKER")
    assert '"nearest":"COMETHOOKS_WORKERS"' in told
    assert lines(stack, "COMETHOOKS_RECORDER_FILE") == []
    assert "hush" not in stack.log()
    assert "Try it from another terminal:" in stack.log()
    assert "COMETHOOKS_BASIC_AUTH, PORT from .env;" in stack.run("doctor", check=False).stdout


def test_web_and_worker_tell_by_themselves(stack: Stack, redis_server: RedisServer) -> None:
    """The web process loads no plugin: what one may read, it leaves to them."""
    stack.environment["REDIS_URL"] = redis_server.url
    stack.make_tables()
    stack.web()
    assert len(lines(stack, "COMETHOOKS_WORKER")) == 1
    assert lines(stack, "COMETHOOKS_ZZ_QQ") == []
    assert '"settings":["COMETHOOKS_RECORDER_FILE","COMETHOOKS_ZZ_QQ"]' in stack.log()
    stack.start("worker")
    wait_for(lambda: lines(stack, "COMETHOOKS_ZZ_QQ"), "the workers have told")
    wait_for(lambda: len(lines(stack, "COMETHOOKS_WORKER")) == 2, "both have told")
    assert lines(stack, "COMETHOOKS_RECORDER_FILE") == []
    assert "hush" not in stack.log()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Stack]:
    """One deployment that is not told where to listen."""
    made = Stack(tmp_path, "")
    del made.environment["PORT"]
    yield made
    made.close()


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({}, "127.0.0.1:8000"),
        ({"PORT": "{port}"}, "0.0.0.0:{port}"),
        ({"COMETHOOKS_BIND": "127.0.0.1:{port}"}, "127.0.0.1:{port}"),
        ({"COMETHOOKS_BIND": "localhost", "PORT": "{port}"}, "localhost:{port}"),
    ],
    ids=["nothing", "a port", "a binding", "both"],
)
def test_where_up_listens_is_for_this_machine_unless_told(
    bare: Stack, given: dict[str, str], where: str
) -> None:
    """Seen from what it says of an address that is taken."""
    port = where.rpartition(":")[2].format(port=bare.port)
    with contextlib.ExitStack() as taken:
        with contextlib.suppress(OSError):  # somebody else has it already, as well
            taken.enter_context(socket.create_server(("0.0.0.0", int(port))))
        bare.environment |= {name: text.format(port=bare.port) for name, text in given.items()}
        done = bare.run("up", check=False)
    assert done.returncode == 1
    assert f"{where.format(port=bare.port)} cannot be used (Address already in use)" in done.stderr
    assert f"COMETHOOKS_BIND=127.0.0.1:{int(port) + 1} comethooks up" in done.stderr


def test_a_binding_is_where_all_of_up_listens(bare: Stack) -> None:
    """On this address and on no other of the machine; `up` itself asks there whether it is ready,
    and the plain commands find it.
    """
    bare.environment["COMETHOOKS_BIND"] = f"127.0.0.2:{bare.port}"
    up = bare.start("up")
    wait_for(lambda: "comethooks is ready" in bare.log() or up.poll() is not None, "it is ready")
    assert f"http://127.0.0.2:{bare.port}/webhooks" in bare.log()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", bare.port), timeout=5)
    assert bare.run("send", "message_sent").stdout.startswith("200 ")


def test_the_whole_of_ipv4_and_ipv6_is_reached_by_both(bare: Stack) -> None:
    """On the same port, where one listener may take both kinds."""
    bare.environment["COMETHOOKS_BIND"] = f"0.0.0.0:{bare.port},[::]:{bare.port}"
    up = bare.start("up")
    wait_for(lambda: "comethooks is ready" in bare.log() or up.poll() is not None, "it is ready")
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, bare.port), timeout=5).close()
    assert bare.run("send", "message_sent").stdout.startswith("200 ")


def test_a_folder_with_a_blank_is_as_good_as_any() -> None:
    """RQ asks Redis for its own connection, and would read the path of the socket by blanks."""
    # Short enough for the socket to be in it, or it would be elsewhere for that reason.
    with tempfile.TemporaryDirectory(prefix="My Projects = ü", dir="/tmp") as folder:
        stack = Stack(Path(folder), "")
        stack.plugin("recorder", RECORDER)
        try:
            up = stack.start("up")
            wait_for(
                lambda: "comethooks is ready." in stack.log() or up.poll() is not None,
                "it is ready",
            )
            assert stack.post(message(1, 1)).status_code == 200
            wait_for(lambda: stack.effects().ids, "the event is handled")
        finally:
            stack.close()


@pytest.fixture(params=["refuses", "is silent"])
def unreachable(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a Redis that does not answer."""
    if request.param == "refuses":
        yield free_port()
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("command", ["up", "worker"])
def test_a_redis_that_cannot_be_reached_is_named_within_five_seconds(
    stack: Stack, unreachable: int, command: str
) -> None:
    """With the address, without its password, with the reason and where to learn more."""
    stack.environment["REDIS_URL"] = f"redis://:hush@127.0.0.1:{unreachable}/0"
    stack.make_tables()
    process = stack.start(command)
    wait_for(lambda: "waiting for Redis" in stack.log(), "it says so", seconds=5)
    told = next(line for line in stack.log().splitlines() if "waiting for Redis" in line)
    assert f'"address":"redis://:***@127.0.0.1:{unreachable}/0"' in told
    assert re.search(r'"reason":"(ConnectionError: .*refused|TimeoutError: Timeout)', told)
    assert '"hint":"comethooks doctor"' in told
    assert "hush" not in stack.log()
    process.terminate()
    assert process.wait(60) == 0
