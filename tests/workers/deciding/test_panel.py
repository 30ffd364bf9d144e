"""The deciders of a process are asked about a message, side by side and under one deadline."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from comethooks import DeciderContext, Decision, Plugin
from comethooks.workers.deciding.bench import MOST_THREADS
from comethooks.workers.deciding.resting import MOST_IN_A_ROW
from comethooks.workers.states import DecisionAction
from tests.waiting import wait_for
from tests.workers.deciding.messages import FOREVER, in_flight, panel_of


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What deciders that hang wait for; they go on when the test has ended."""
    event = threading.Event()
    yield event
    event.set()


def hanging(name: str, released: threading.Event, **options: Any) -> Plugin:
    """A plugin whose decider drops every message, and is never done in time."""
    plugin = Plugin(name)

    @plugin.decide("before_message", **options)
    def judge(event: Any, ctx: Any) -> Decision:
        released.wait()
        return Decision.drop("late")

    return plugin


def labelling(name: str = "labels", **options: Any) -> Plugin:
    """A plugin whose decider tells how long a message is."""
    plugin = Plugin(name)

    @plugin.decide("before_message", **options)
    def label(event: Any, ctx: Any) -> Decision:
        return Decision.annotate({"length": len(event.message.text)})

    return plugin


def raising(error: BaseException, name: str = "broken") -> Plugin:
    """A plugin whose decider raises."""
    plugin = Plugin(name)

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> None:
        raise error

    return plugin


def returning(said: Any) -> Plugin:
    """A plugin whose decider returns this."""
    plugin = Plugin("odd")

    @plugin.decide("before_message")
    def judge(event: Any, ctx: Any) -> Any:
        return said

    return plugin


class TestAsking:
    def test_what_deciders_say_becomes_one_ruling(self) -> None:
        """To drop comes before to annotate, and each vote is kept."""
        words = Plugin("words")

        @words.decide("before_message")
        def judge(event: Any, ctx: DeciderContext) -> Decision | None:
            return Decision.drop("word: spam", 0.9) if "spam" in event.message.text else None

        with panel_of(words, labelling()) as panel:
            dropped = panel.begin(in_flight("spam")).result(FOREVER)
            annotated = panel.begin(in_flight("hello")).result(FOREVER)
        assert (dropped.decision, dropped.reason, dropped.confidence) == ("drop", "word: spam", 0.9)
        assert (annotated.decision, annotated.annotation) == ("annotate", {"length": 5})
        assert [(vote.decider, vote.verdict) for vote in annotated.votes] == [
            ("labels.label", DecisionAction.ANNOTATE),
            ("words.judge", DecisionAction.ALLOW),
        ]

    def test_they_are_asked_side_by_side(self) -> None:
        """Two that wait for each other are both in time."""
        both, first, second = threading.Barrier(2), Plugin("first"), Plugin("second")
        for plugin in (first, second):

            @plugin.decide("before_message")
            def judge(event: Any, ctx: Any) -> None:
                both.wait(FOREVER)

        with panel_of(first, second) as panel:
            assert not panel.begin(in_flight()).result(FOREVER).failed

    def test_it_gets_its_settings_and_the_rest_of_its_time(self) -> None:
        """And knows who it is."""
        seen: list[Any] = []
        plugin = Plugin("gate")

        @plugin.decide("before_message", timeout="500ms")
        def judge(event: Any, ctx: DeciderContext) -> None:
            seen.append((ctx.decider, ctx.app, ctx.dry_run, ctx.deadline.timestamp() - time.time()))

        with panel_of(plugin) as panel:
            panel.begin(in_flight()).result(FOREVER)
        [(decider, app, dry_run, left)] = seen
        assert (decider, app, dry_run) == ("gate.judge", None, False)
        assert 0 < left <= 0.5

    def test_who_wants_the_ruling_need_not_wait(self) -> None:
        """It is told, at once where the ruling is there already; what it raises harms nobody."""
        told: list[Any] = []

        def fail(ruling: Any) -> None:
            raise ValueError(ruling)

        with panel_of(labelling()) as panel:
            sitting = panel.begin(in_flight())
            sitting.add_done_callback(fail)
            sitting.add_done_callback(told.append)
            ruling = sitting.result(FOREVER)
            wait_for(lambda: told == [ruling], "it was told")
            sitting.add_done_callback(told.append)
            assert told == [ruling, ruling]
            assert panel.begin(in_flight()).result(FOREVER).annotation == {"length": 5}


class TestFilters:
    def test_nobody_is_asked_about_what_is_no_message_in_flight(self) -> None:
        """Which costs a look at the trigger."""
        with panel_of(labelling()) as panel:
            assert panel.wants(in_flight())
        with panel_of() as panel:
            assert not panel.wants(in_flight())

    @pytest.mark.parametrize("filters", [{"sender": "grace"}, {"type": "image"}])
    def test_what_a_filter_surely_leaves_out_needs_no_thread(self, filters: Any) -> None:
        """The record tells who wrote a message, and its bytes whether a word stands in them."""
        with panel_of(labelling(**filters)) as panel:
            assert not panel.wants(in_flight())
            ruling = panel.begin(in_flight()).result(0)
            assert (ruling.decision, ruling.votes) == ("allow", ())

    def test_what_filters_leave_out_gets_no_vote(self) -> None:
        """Also where the body had to be decoded for that."""
        with panel_of(labelling("a", type="image"), labelling("b", type="text")) as panel:
            ruling = panel.begin(in_flight("an image")).result(FOREVER)
            assert [vote.decider for vote in ruling.votes] == ["b.label"]
            ruling = panel.begin(in_flight("image")).result(FOREVER)
            assert [vote.decider for vote in ruling.votes] == ["b.label"]


class TestLate:
    def test_all_of_them_have_one_deadline(self, released: threading.Event) -> None:
        """Four that hang take no longer than one, which for each would be 4 s, and whoever was in
        time is heard.
        """
        plugins = [hanging(f"slow_{number}", released) for number in range(4)]
        with panel_of(labelling(), *plugins, budget_ms=1000) as panel:
            began = time.monotonic()
            ruling = panel.begin(in_flight()).result(FOREVER)
            took = time.monotonic() - began
        assert 1 <= took < 3.5
        assert (ruling.decision, ruling.annotation) == ("annotate", {"length": 5})
        assert [(each.decider, each.fault) for each in ruling.failures] == [
            (f"slow_{number}.judge", "late") for number in range(4)
        ]

    def test_one_with_a_time_of_its_own_is_waited_for_as_long(
        self, released: threading.Event
    ) -> None:
        """Not as long as all of them have, though others are waited for until then."""
        quick = hanging("quick", released, timeout="50ms", sender="ada")
        slow = hanging("slow", released, sender="grace")
        with panel_of(quick, slow, budget_ms=1500) as panel:
            waiting = panel.begin(in_flight(sender="grace"))
            began = time.monotonic()
            ruling = panel.begin(in_flight(sender="ada")).result(FOREVER)
            assert 0.05 <= time.monotonic() - began < 1.4
            assert [vote.error for vote in ruling.votes] == ["it was late"]
            assert not waiting.is_done

    def test_others_have_their_time_when_one_has_had_its_own(
        self, released: threading.Event
    ) -> None:
        """Of one message: whoever has more is heard, and given up when that is over, too."""
        quick = hanging("quick", released, timeout="50ms")
        patient, slow = Plugin("patient"), hanging("slow", released)

        @patient.decide("before_message")
        def judge(event: Any, ctx: Any) -> Decision:
            wait_for(lambda: panel.standings()[1].overdue, "the quick one is given up")
            return Decision.annotate({"patient": True})

        with panel_of(quick, patient, slow, budget_ms=400) as panel:
            ruling = panel.begin(in_flight()).result(FOREVER)
        assert ruling.annotation == {"patient": True}
        assert [vote.error for vote in ruling.votes] == [None, "it was late", "it was late"]
        assert ruling.votes[1].ms < ruling.votes[2].ms

    def test_each_message_has_all_of_its_time(self, released: threading.Event) -> None:
        """Also one that is asked about just before another one's time is over."""
        with panel_of(hanging("slow", released), budget_ms=150) as panel:
            first = panel.begin(in_flight())
            with pytest.raises(TimeoutError):
                first.result(0.1)
            began = time.monotonic()
            second = panel.begin(in_flight())
            second.result(FOREVER)
            assert time.monotonic() - began >= 0.15

    def test_who_is_late_goes_on_and_changes_nothing(self, released: threading.Event) -> None:
        """It is no longer overdue when it is done."""
        with panel_of(hanging("slow", released), budget_ms=50) as panel:
            sitting = panel.begin(in_flight())
            assert sitting.result(FOREVER).decision == "allow"
            [standing] = panel.standings()
            assert (standing.failures, standing.overdue) == (1, 1)
            released.set()
            wait_for(lambda: panel.standings()[0].overdue == 0, "the late call has ended")
            assert sitting.result(0).decision == "allow"
            assert panel.standings()[0].failures == 1

    def test_one_that_hangs_takes_no_thread_of_another(self, released: threading.Event) -> None:
        """However many messages wait for it; its own threads have an end, and so has its time."""
        slow = hanging("slow", released, sender="grace")
        with (
            panel_of(slow, labelling(sender="ada"), budget_ms=300) as panel,
            capture_logs() as logs,
        ):
            before, message = threading.active_count(), in_flight(sender="grace")
            stuck = [panel.begin(message) for _ in range(2_000)]
            assert panel.begin(in_flight(sender="ada")).result(FOREVER).annotation
            assert all(sitting.result(FOREVER).failed for sitting in stuck)
            assert threading.active_count() - before <= MOST_THREADS
            assert panel.standings()[1].rests
        # Of two thousand that were late it is said of as many as make it rest.
        assert [line["event"] for line in logs].count("decider failed") == MOST_IN_A_ROW


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (ValueError("two\nlines"), "ValueError: two lines"),
            (SystemExit(3), "SystemExit: 3"),
            (KeyboardInterrupt(), "KeyboardInterrupt"),
            (GeneratorExit(), "GeneratorExit"),
            (ValueError("password=hunter22"), "ValueError: password=***"),
        ],
    )
    def test_one_that_raises_is_skipped(self, error: BaseException, told: str) -> None:
        """Whatever it raises: it is named among the votes, and its thread goes on."""
        with panel_of(raising(error), labelling()) as panel:
            for _ in range(2):
                ruling = panel.begin(in_flight()).result(FOREVER)
                assert (ruling.decision, ruling.failed) == ("annotate", True)
                assert [(vote.decider, vote.error) for vote in ruling.votes] == [
                    ("broken.judge", told),
                    ("labels.label", None),
                ]

    def test_an_error_whose_text_cannot_be_made_harms_nobody(self) -> None:
        """Its type is told."""

        class OddError(Exception):
            def __str__(self) -> str:
                raise SystemExit

        with panel_of(raising(OddError())) as panel:
            [vote] = panel.begin(in_flight()).result(FOREVER).votes
        assert vote.error is not None
        assert vote.error.startswith("OddError")

    def test_one_without_an_end_of_its_own_is_skipped(self) -> None:
        """Python ends it: it calls itself for ever."""
        plugin = Plugin("deep")

        @plugin.decide("before_message")
        def judge(event: Any, ctx: Any) -> Any:
            return judge(event, ctx)

        with panel_of(plugin) as panel:
            [failure] = panel.begin(in_flight()).result(FOREVER).failures
        assert (failure.fault, failure.text[:14]) == ("raised", "RecursionError")

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("drop", "it returned a str; return a Decision of comethooks, or None"),
            (False, "it returned a bool; return a Decision of comethooks, or None"),
            ({"action": "drop"}, "it returned a dict; return a Decision of comethooks, or None"),
            (
                type("Decision", (), {"__module__": "old"})(),
                "it returned a Decision of old; return one of comethooks",
            ),
        ],
    )
    def test_what_is_no_decision_is_a_failure(self, said: Any, told: str) -> None:
        """It drops nothing, and does not count as leave either."""
        with panel_of(returning(said), on_failure="drop") as panel:
            ruling = panel.begin(in_flight()).result(FOREVER)
        assert [(each.fault, each.text) for each in ruling.failures] == [("invalid", told)]
        assert ruling.decision == "drop"

    @pytest.mark.filterwarnings("error")
    def test_what_would_have_to_be_awaited_is_a_failure(self) -> None:
        """Of a function that looks plain and is not: it does not count as leave."""

        async def later(event: Any) -> Decision:
            return Decision.drop("spam")

        plugin = Plugin("hidden")

        @plugin.decide("before_message")
        def judge(event: Any, ctx: Any) -> Any:
            return later(event)

        with panel_of(plugin) as panel:
            [failure] = panel.begin(in_flight()).result(FOREVER).failures
        assert (failure.fault, failure.text[:24]) == ("invalid", "it returned a coroutine,")

    def test_failures_are_logged_by_name_without_what_they_say(self) -> None:
        """An error may quote the message."""
        with capture_logs() as logs, panel_of(raising(ValueError("hello ada"))) as panel:
            panel.begin(in_flight()).result(FOREVER)
            wait_for(lambda: logs, "the failure is logged")
        [line] = logs
        assert (line["event"], line["decider"]) == ("decider failed", "broken.judge")
        assert (line["fault"], line["error"], line["trigger"]) == (
            "raised",
            "ValueError",
            "before_message",
        )
        assert "hello" not in str(line)

    def test_what_we_say_of_a_failure_is_logged_as_well(self) -> None:
        """Whoever reads the log need not look the votes up."""
        with capture_logs() as logs, panel_of(returning("drop")) as panel:
            panel.begin(in_flight()).result(FOREVER)
            wait_for(lambda: logs, "the failure is logged")
        [line] = logs
        assert line["reason"] == "it returned a str; return a Decision of comethooks, or None"


class TestResting:
    def test_one_that_fails_five_times_in_a_row_is_not_asked_for_a_while(self) -> None:
        """That counts as a failure: what is to happen when nobody can judge happens."""
        calls: list[Any] = []
        plugin = Plugin("broken")

        @plugin.decide("before_message")
        def judge(event: Any, ctx: Any) -> None:
            calls.append(event)
            raise ValueError

        with panel_of(plugin, on_failure="drop") as panel, capture_logs() as logs:
            for _ in range(MOST_IN_A_ROW + 2):
                ruling = panel.begin(in_flight()).result(FOREVER)
            [standing] = panel.standings()
        assert len(calls) == MOST_IN_A_ROW
        assert (ruling.decision, ruling.votes[0].error) == ("drop", "it rests")
        assert (standing.id, standing.rests, standing.failures) == ("broken.judge", True, 5)
        assert 29 < standing.rests_for <= 30
        assert [line["event"] for line in logs].count("decider rests") == 1

    def test_a_quick_one_is_asked_on_while_another_rests(self) -> None:
        """What it tells about the message is kept."""
        with panel_of(raising(ValueError()), labelling()) as panel:
            rulings = [panel.begin(in_flight()).result(FOREVER) for _ in range(7)]
        assert {ruling.annotation["length"] for ruling in rulings} == {5}
        assert [standing.rests for standing in panel.standings()] == [True, False]
