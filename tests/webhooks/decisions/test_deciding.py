"""Messages in flight that plugins decide on: what is answered and kept, and how long it takes."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient

from comethooks.webhooks.app import Application, create_app
from comethooks.workers.record import Kind, Record
from comethooks.workers.states import DecisionAction
from tests.application import Kept, MakeSettings
from tests.webhooks.samples import PASSWORD, USER, in_flight, message, raw

DROPPING = 'return Decision.drop("scam: free crypto", 0.97)'
ANNOTATING = 'return Decision.annotate({"score": 3, "why": "a < b, é"})'
RAISING = 'raise ValueError("no")'
SLEEPING = "import time; time.sleep(3)"

Deciding = Callable[..., FlaskClient]


def plugin(body: str, name: str = "guard", options: str = "") -> str:
    """The code of a plugin that decides on messages in flight."""
    return (
        "from comethooks import Decision, Plugin\n"
        f"plugin = Plugin({name!r})\n"
        f'@plugin.decide("before_message"{options})\n'
        "def judge(event, ctx):\n"
        f"    {body}\n"
    )


@pytest.fixture
def deciding(make_settings: MakeSettings, tmp_path: Path) -> Iterator[Deciding]:
    """A client of the application with plugins of this code, and what else is set."""
    apps = []

    def make(*codes: str, **variables: str) -> FlaskClient:
        folder = tmp_path / "plugins"
        folder.mkdir(exist_ok=True)
        for number, code in enumerate(codes):
            (folder / f"guard{number}.py").write_text(code)
        apps.append(create_app(make_settings(**variables)))
        return apps[-1].test_client()

    yield make
    for app in apps:
        app.deciding.close()


def close(client: FlaskClient) -> None:
    """Have its deciders end."""
    cast(Application, client.application).deciding.close()


def post(client: FlaskClient, body: bytes | None = None) -> bytes:
    """The answer to a message in flight, which is always one that can become part of it."""
    answer = client.post(
        "/webhooks", data=raw(in_flight()) if body is None else body, auth=(USER, PASSWORD)
    )
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    json.loads(answer.data)
    return bytes(answer.data)


def the_event(kept: Kept) -> Record:
    """The one event that was kept."""
    [record] = [each for each in kept() if each.kind is Kind.EVENT]
    return record


class TestAnswers:
    def test_a_message_is_dropped_in_the_words_of_the_setting(
        self, deciding: Deciding, kept: Kept
    ) -> None:
        client = deciding(plugin(DROPPING), COMETHOOKS_DROP_ANSWER='{ "drop" : 1 }')
        assert post(client) == b'{ "drop" : 1 }'
        record = the_event(kept)
        assert record.decision is DecisionAction.DROP
        [vote] = record.votes
        assert (vote.decider, vote.verdict) == ("guard.judge", DecisionAction.DROP)
        assert (vote.reason, vote.confidence) == ("scam: free crypto", 0.97)

    def test_unless_it_is_set_in_those_that_people_report(self, deciding: Deciding) -> None:
        assert post(deciding(plugin(DROPPING))) == b'{"action":"do_not_propagate"}'

    def test_an_annotation_is_answered_as_it_is(self, deciding: Deciding, kept: Kept) -> None:
        client = deciding(plugin(ANNOTATING))
        assert post(client) == '{"score":3,"why":"a < b, é"}'.encode()
        assert the_event(kept).decision is DecisionAction.ANNOTATE

    def test_or_where_it_belongs(self, deciding: Deciding) -> None:
        """By the id of the webhook, which the envelope says."""
        client = deciding(plugin(ANNOTATING), COMETHOOKS_ANNOTATIONS="wrapped")
        wrapped = '{"@injected":{"webhooks":{"hook1":{"score":3,"why":"a < b, é"}}}}'
        assert post(client) == wrapped.encode()

    def test_a_body_without_a_webhook_gets_the_plain_form(self, deciding: Deciding) -> None:
        """There is no place to name."""
        client = deciding(plugin(ANNOTATING), COMETHOOKS_ANNOTATIONS="wrapped")
        body = in_flight()
        del body["webhook"]
        assert post(client, raw(body)) == '{"score":3,"why":"a < b, é"}'.encode()

    @pytest.mark.parametrize("said", ["return None", "return Decision.allow()"])
    def test_what_is_allowed_is_answered_nothing(
        self, deciding: Deciding, kept: Kept, said: str
    ) -> None:
        assert post(deciding(plugin(said))) == b"{}"
        assert the_event(kept).decision is DecisionAction.ALLOW

    def test_what_nobody_wants_has_no_decision(self, deciding: Deciding, kept: Kept) -> None:
        client = deciding(plugin(DROPPING, options=', receiver_type="user"'))
        assert post(client) == b"{}"
        assert (the_event(kept).decision, the_event(kept).votes) == (None, ())

    def test_what_is_refused_is_not_decided_on(self, deciding: Deciding, kept: Kept) -> None:
        """Its sender waits all the same, and takes anything else for a decision."""
        client = deciding(plugin(DROPPING))
        assert post(client, b'{"trigger":"before_message","data":7}') == b"{}"
        assert [record.kind for record in kept()] == [Kind.REFUSED]

    def test_others_are_not_decided_on(self, deciding: Deciding, kept: Kept) -> None:
        answer = deciding(plugin(SLEEPING)).post(
            "/webhooks", data=raw(message()), auth=(USER, PASSWORD)
        )
        assert answer.json is not None
        assert answer.json["id"] == the_event(kept).id

    def test_what_is_only_counted_is_decided_on(self, deciding: Deciding, kept: Kept) -> None:
        client = deciding(plugin(DROPPING), COMETHOOKS_COUNT_ONLY="before_message")
        assert post(client) == b'{"action":"do_not_propagate"}'
        assert kept() == []


class TestFailures:
    @pytest.mark.parametrize("setting", ["allow", "defer"])
    def test_a_message_that_could_not_be_judged_is_delivered(
        self, deciding: Deciding, kept: Kept, setting: str
    ) -> None:
        """CometChat knows no later for it."""
        client = deciding(plugin(RAISING), COMETHOOKS_ON_DECISION_FAILURE=setting)
        assert post(client) == b"{}"
        [vote] = the_event(kept).votes
        assert (vote.verdict, vote.error) == (None, "ValueError: no")

    def test_or_dropped_if_a_setting_says_so(self, deciding: Deciding, kept: Kept) -> None:
        client = deciding(plugin(RAISING), COMETHOOKS_ON_DECISION_FAILURE="drop")
        assert post(client) == b'{"action":"do_not_propagate"}'
        assert the_event(kept).decision is DecisionAction.DROP

    def test_nobody_waits_longer_than_the_budget(self, deciding: Deciding, kept: Kept) -> None:
        """Whatever a decider does."""
        client = deciding(plugin(SLEEPING), COMETHOOKS_DECISION_BUDGET_MS="200")
        post(client, raw(message()))  # its plugins are loaded then
        began = time.monotonic()
        assert post(client, raw(in_flight(text="2"))) == b"{}"
        assert 0.2 <= time.monotonic() - began < 2.5
        [late] = [each for each in threading.enumerate() if each.name == "guard.judge-1"]
        close(client)
        late.join()

    def test_what_cannot_be_kept_is_answered_with_the_decision(
        self, deciding: Deciding, log: io.StringIO
    ) -> None:
        """Redis is away, and nobody would ask again."""
        client = deciding(plugin(DROPPING), REDIS_URL="redis://127.0.0.1:1/0")
        assert post(client) == b'{"action":"do_not_propagate"}'
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert "not kept" in [line["event"] for line in lines]
        [request] = [line for line in lines if line["event"] == "request"]
        assert (request["outcome"], request["decision"]) == ("in_flight_lost", "drop")

    def test_a_plugin_that_does_not_load_decides_nothing(
        self, deciding: Deciding, kept: Kept, log: io.StringIO
    ) -> None:
        """It is named, and the others decide."""
        assert post(deciding("1 / 0", plugin(DROPPING))) == b'{"action":"do_not_propagate"}'
        assert '"plugin":"guard0"' in log.getvalue().replace(" ", "")


class TestRepeats:
    COUNTING = (
        "calls = globals().setdefault('calls', []); calls.append(1);"
        " return [{decisions}][len(calls) - 1]"
    )

    @pytest.mark.parametrize(
        ("decisions", "answer"),
        [
            ('Decision.drop("x"), Decision.allow()', b'{"action":"do_not_propagate"}'),
            ('Decision.allow(), Decision.drop("x")', b"{}"),
            ('Decision.annotate({"a": 1}), Decision.drop("x")', b'{"a":1}'),
            ('Decision.annotate({"a": 1}), Decision.annotate({"b": 2})', b'{"a":1}'),
        ],
    )
    def test_they_get_the_first_verdict(
        self, deciding: Deciding, kept: Kept, decisions: str, answer: bytes
    ) -> None:
        """Whatever would be said of them now."""
        client = deciding(plugin(self.COUNTING.format(decisions=decisions)))
        assert [post(client), post(client)] == [answer, answer]
        assert sorted(record.kind for record in kept()) == [Kind.DUPLICATE, Kind.EVENT]

    def test_also_when_nobody_decides_any_more(self, deciding: Deciding, tmp_path: Path) -> None:
        """As after a reload without the plugin."""
        dropped = post(deciding(plugin(DROPPING)))
        (tmp_path / "plugins/guard0.py").unlink()
        assert post(deciding()) == dropped == b'{"action":"do_not_propagate"}'


class TestCounting:
    def test_decisions_votes_and_failures_are_counted(self, deciding: Deciding) -> None:
        client = deciding(
            plugin(DROPPING, "first"), plugin(RAISING, "second", options=", shadow=True")
        )
        post(client)
        text = client.get("/metrics").get_data(as_text=True)
        for line in (
            'comethooks_decisions_total{action="drop",trigger="before_message"} 1.0',
            'votes_total{decider="first.judge",shadow="false",verdict="drop"} 1.0',
            'comethooks_decision_failures_total{decider="second.judge",kind="error"} 1.0',
            "comethooks_decision_seconds_count 1.0",
            "comethooks_decision_conflicts_total 0.0",
        ):
            assert line in text

    def test_keys_that_two_give_different_values_are_counted(self, deciding: Deciding) -> None:
        client = deciding(
            plugin('return Decision.annotate({"a": 1})', "first"),
            plugin('return Decision.annotate({"a": 2, "b": 3})', "second"),
        )
        assert json.loads(post(client)) == {"a": 1, "b": 3}
        assert "comethooks_decision_conflicts_total 1.0" in client.get("/metrics").text
