"""What is said of the web process of this host, in whose place a server of the test's answers."""

import socket

import pytest

from comethooks.doctor import web
from comethooks.doctor.web import check_web
from tests.comethooks.doctor.answering import Response, answering
from tests.comethooks.doctor.findings import OK, WARNING, WRONG, by_check, levels

ALIVE = Response(200, {"alive": True})


def test_where_nothing_listens_it_says_how_to_start_it() -> None:
    """That is no failure: it may run on another host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = by_check(check_web(f"127.0.0.1:{port}"))
    assert levels(found.values()) == {"web.alive": WARNING}
    assert "comethooks web" in (found["web.alive"].advice or "")


@pytest.mark.parametrize(
    "ready, level, words",
    [
        (Response(200, {"ready": True, "refusing": [], "degraded": []}), OK, "would be kept"),
        (
            Response(
                200, {"ready": True, "refusing": [], "degraded": [{"what": "age", "detail": "x"}]}
            ),
            WARNING,
            "names: age",
        ),
        (
            Response(
                503, {"ready": False, "refusing": [{"what": "redis", "detail": "Redis is away"}]}
            ),
            WRONG,
            "is not ready: Redis is away",
        ),
        (Response(500, None), WRONG, "is not ready: 500"),
    ],
)
def test_it_is_asked_whether_an_event_would_be_kept(
    ready: Response, level: object, words: str
) -> None:
    """In the words of /readyz."""
    answers = {"/healthz": ALIVE, "/readyz": ready}
    with answering(lambda asked: answers[asked.path]) as server:
        found = by_check(check_web(f"127.0.0.1:{server.port}"))
    assert levels(found.values()) == {"web.alive": OK, "web.ready": level}
    assert words in found["web.ready"].detail


@pytest.mark.parametrize(
    "response", [Response(404), Response(200, ["hello"]), Response(200, {"alive": "yes"})]
)
def test_somebody_else_at_the_port_is_wrong(response: Response) -> None:
    """Ours would not even start."""
    with answering(lambda asked: response) as server:
        found = by_check(check_web(f"127.0.0.1:{server.port}"))
        assert [asked.path for asked in server.asked] == ["/healthz"]
    assert levels(found.values()) == {"web.alive": WRONG}
    assert found["web.alive"].detail.startswith("something else listens")


def test_one_that_is_silent_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the connection and says nothing."""
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = by_check(check_web(f"127.0.0.1:{silent.getsockname()[1]}"))
    assert levels(found.values()) == {"web.alive": WRONG}
    assert "ReadTimeout" in found["web.alive"].detail
