"""Flood, repetition, and what services say."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from comethooks.workers.deciding.resting import MOST_IN_A_ROW
from comethooks.workers.moderation.look import SENT, Look
from comethooks.workers.moderation.scoring import ScorerAnswerError, Scorers, scores_in
from comethooks.workers.streams.windows import SlidingWindows
from tests.redis_server import RedisServer
from tests.workers.moderation.rule_texts import rule, rules_of


@pytest.fixture
def look(redis_server: RedisServer):
    """Makes looks at messages of Ann, each another one."""
    windows = SlidingWindows(redis_server.client())
    number = iter(range(1_000))

    def make(text: str, **more: object) -> Look:
        given = {
            "sender": "ann",
            "app_id": "app",
            "windows": windows,
            "identity": str(next(number)),
        }
        return Look((text,), **{**given, **more})  # type: ignore[arg-type]

    return make


def test_more_messages_than_a_rule_allows_are_a_flood(tmp_path, look) -> None:
    """Of one sender, wherever they are sent to; somebody else has a window of their own."""
    rules = rules_of(tmp_path, rule("flood = { messages = 3, seconds = 60 }"))
    calm = [rules.findings(look(str(each), conversation_id=str(each))) for each in range(3)]
    assert calm == [(), (), ()]
    [match] = rules.findings(look("more"))
    assert (match.kind, match.found, match.text) == ("flood", "4 in 60 s", "")
    assert rules.findings(look("first", sender="bob")) == ()
    assert rules.findings(look("first", app_id="other")) == ()


def test_a_message_counts_once_however_often_it_is_looked_at(tmp_path, look) -> None:
    """In flight, by whoever asks, and what was sent are counted apart."""
    rules = rules_of(tmp_path, rule("flood = { messages = 2, seconds = 60 }"))
    assert [rules.findings(look("x", identity="same")) for _ in range(9)] == [()] * 9
    stages = ("before_message", "moderation_requested")
    assert [rules.findings(look("x", stage=each)) for each in (*stages, SENT, *stages)] == [()] * 5
    assert rules.findings(look("x", stage=stages[0])) != ()


def test_the_same_text_again_is_repetition(tmp_path, look) -> None:
    """However it is written, in one conversation or in all."""
    rules = rules_of(
        tmp_path,
        rule("repeats = { times = 3, seconds = 60 }", "here")
        + rule("repeats = { times = 3, seconds = 60, across = true }", "anywhere"),
    )

    def names(text: str, conversation: str) -> list[str]:
        return [each.rule.name for each in rules.findings(look(text, conversation_id=conversation))]

    assert names("Buy this", "a") == []
    assert names("B U Y this", "b") == []
    assert names("buy  THIS!", "a") == ["anywhere"]
    assert names("buy this", "a") == ["here", "anywhere"]
    assert names("buy that", "a") == []


def test_without_windows_nothing_is_counted(tmp_path, look, own_redis_server) -> None:
    """The same when Redis is away: other rules find what they find."""
    rules = rules_of(tmp_path, rule('words = "x"\nflood = { messages = 2, seconds = 60 }', "both"))
    windows = SlidingWindows.beside(own_redis_server.client())
    own_redis_server.kill()
    for given in (None, windows):
        kinds = [[each.kind for each in rules.findings(look("x", windows=given))] for _ in range(4)]
        assert kinds == [["words"]] * 4


SCORER = rule(
    'scorer = { url = "%s", over = { toxic = 0.8 }, labels = "%s", headers = { A = "b" } }'
)


@pytest.fixture
def service():
    """A service that answers `answer`, and notes what it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append((body, self.headers["A"]))
            self.send_response(server.status)
            self.end_headers()
            self.wfile.write(json.dumps(server.answer).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.status, server.answer = [], 200, [{"toxic": 0.97}]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_scores_all_texts_in_one_request(tmp_path, service) -> None:
    """And two rules that ask it the same ask once."""
    url = f"http://127.0.0.1:{service.server_port}/score"
    text = SCORER % (url, "results.*.labels")
    rules = rules_of(tmp_path, text + text.replace('"scam"', '"other"').replace("0.8", "0.98"))
    service.answer = {"results": [{"labels": {"toxic": 0.97}}, {"labels": {"toxic": 0.1}}]}
    with httpx.Client() as http:
        asking = Scorers().asking(http.post, pytest.fail)
        matches = rules.findings(Look(("bad", "good"), score=asking))
    assert [(each.rule.name, each.found, each.text) for each in matches] == [
        ("scam", "toxic 0.97", "bad")
    ]
    assert service.asked == [({"input": ["bad", "good"]}, "b")]


def test_a_service_that_fails_rests_and_loses_nothing_else(tmp_path, service) -> None:
    """Each failure is told; after some in a row nobody asks for a while."""
    url = f"http://127.0.0.1:{service.server_port}/score"
    rules = rules_of(tmp_path, SCORER % (url, "") + rule('words = "bad"', "words"))
    service.status = 500
    now, told = [0.0], []
    scorers = Scorers(clock=lambda: now[0])
    with httpx.Client() as http:
        asking = scorers.asking(http.post, told.append)
        for _ in range(MOST_IN_A_ROW + 2):
            [match] = rules.findings(Look(("bad",), score=asking))
            assert match.kind == "words"
        assert len(told) == len(service.asked) == MOST_IN_A_ROW
        assert scorers.rests(rules.rules[0].scorer.call)
        service.status, now[0] = 200, 31.0
        kinds = [each.kind for each in rules.findings(Look(("bad",), score=asking))]
    assert kinds == ["scorer", "words"]


@pytest.mark.parametrize(
    "document, path",
    [
        ([{"toxic": 0.5}], ""),
        ([{"toxic": 0.5}], "*"),
        ({"results": [{"toxic": 0.5}]}, "results.*"),
        ({"a": {"b": [{"c": {"toxic": 0.5}}]}}, "a.b.*.c"),
        ([[{"label": "toxic", "score": 0.5}]], "*"),
        ([{"toxic": 0.5, "flagged": True, "model": "x"}], "*"),
    ],
)
def test_a_path_leads_to_the_labels(document, path) -> None:
    """Where they are an object or a list of labels with scores."""
    assert scores_in(document, path, 1) == [{"toxic": 0.5}]


@pytest.mark.parametrize(
    "document, path", [([], "*"), ({}, "*"), (None, "a.*"), ([1], "*"), ([{}], "results")]
)
def test_what_are_no_scores_is_said(document, path) -> None:
    """Too few, no list, no labels, a path without a place for the texts."""
    with pytest.raises(ScorerAnswerError):
        scores_in(document, path, 1)
