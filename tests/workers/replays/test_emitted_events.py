"""Where the events are kept that handlers make: live ones in the streams, those of replays in the
journal.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from comethooks.schemas import OURS
from comethooks.workers.clock import now_ms
from comethooks.workers.handlers.emit import emitted, emitted_key
from comethooks.workers.handlers.run import execute
from comethooks.workers.jobs.services import open_services
from comethooks.workers.journal import Filter, RunResult, Settled
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.loaded import BoundHandler
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.plugins.retry import Retry
from comethooks.workers.record import Record, event_of
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import RunState
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.backlog import waiting
from tests.workers.desk import Desk
from tests.workers.engine import record
from tests.workers.jobs.test_chunks import Replayer

EXAMPLES = Path(__file__).parents[3] / "examples"
GO, NOTE, MAIL = "plugin.go", "plugin.note", "plugin.mail"


class House:
    """A plugin that emits, one of whose handlers may be replayed and one never, and a desk to
    replay it on.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.replayer = Replayer(desk)
        self.seen: list[tuple[str, str, str | None]] = []
        self.go: Callable[[Any, Any], None] = lambda event, ctx: ctx.emit("found", {"of": event.id})

    def handlers(self, *, ordered: bool = False, retry: Retry | None = None) -> list[BoundHandler]:
        """The three of them."""
        plugin = Plugin("plugin")

        @plugin.on("message.sent", replay="safe", retry=retry)
        def go(event: Any, ctx: Any) -> None:
            self.go(event, ctx)

        @plugin.on("plugin.found", replay="safe", ordered=ordered)
        def note(event: Any, ctx: Any) -> None:
            self.seen.append(("note", event.id, event.replay))
            if event.payload["data"].get("fail") and ctx.attempt == 1:
                raise ValueError("at first")

        @plugin.on("plugin.found", replay="never")
        def mail(event: Any, ctx: Any) -> None:
            self.seen.append(("mail", event.id, event.replay))

        return [BoundHandler(each, Config("plugin", {}), 30.0, "1.0") for each in plugin.handlers]

    def replay(self, name: str, *handlers: BoundHandler, **changes: Any) -> int:
        """Replay messages, and whatever is due then, until nothing is; how many runs were
        recorded.
        """
        asked = Filter(trigger="message_sent")
        chosen = {"asked": asked, "never": frozenset([MAIL]), **changes}
        self.replayer.create(GO, NOTE, name=name, **chosen)
        self.replayer.work(*handlers, name=name)
        self.work(*handlers)
        return self.replayer.replay(name).runs

    def work(self, *handlers: BoundHandler) -> None:
        """Make due attempts until nothing is due."""
        while self.desk.journal.due(now_ms() + 60_000, 1):
            self.desk.journal.release_waiting(now_ms())
            self.desk.attempts(*handlers).run()

    def made(self) -> list[str]:
        """The ids of the events in the journal that handlers made."""
        return [event.id for event in self.desk.journal.events(Filter()) if event.source == OURS]

    def states(self, name: str | None) -> list[tuple[str, RunState]]:
        """The runs of a replay."""
        return sorted((run.handler, run.state) for run in self.desk.runs() if run.replay == name)

    def in_streams(self) -> list[Record]:
        """What waits there."""
        return [each for _, each in waiting(self.desk.redis, range(16))]


@pytest.fixture
def house(desk: Desk) -> House:
    """A house on an empty journal."""
    return House(desk)


class TestReplays:
    def test_what_is_new_goes_to_the_handlers_of_the_replay_alone(self, house: House) -> None:
        """It enters no stream, and one that never may be replayed does not get it, however often
        that is done.
        """
        house.replayer.keep(3)
        handlers = house.handlers()
        assert house.replay("r1", *handlers) == 9
        made = house.made()
        assert sorted(house.seen) == sorted(("note", each, "r1") for each in made)
        assert len(made) == 3
        done, skipped = RunState.DONE, RunState.SKIPPED
        assert house.states("r1") == [(GO, done)] * 3 + [(MAIL, skipped)] * 3 + [(NOTE, done)] * 3
        for name in ("r2", "r3"):
            assert house.replay(name, *handlers) == 3
        assert (sorted(house.made()), len(house.seen), house.in_streams()) == (sorted(made), 3, [])
        assert house.states("r3") == [(GO, done)] * 3

    def test_what_was_made_live_is_recognised(self, house: House) -> None:
        """In the journal, and in the streams before it is there."""
        kept, other = record(1, 1), record(2, 2)
        house.desk.journal.write([Settled(each, runs=(), partition=0) for each in (kept, other)])
        in_journal = self._child(kept)
        house.desk.journal.write([Settled(in_journal, runs=(), partition=0)])
        in_stream = self._child(other)
        streams = Streams.open(house.desk.settings)
        streams.accept(in_stream, duplicate_key=emitted_key(in_stream), has_time=True)
        assert house.replay("r1", *house.handlers()) == 2
        assert (house.made(), house.seen) == ([in_journal.id], [])
        assert [each.id for each in house.in_streams()] == [in_stream.id]

    @staticmethod
    def _child(parent: Record) -> Record:
        return emitted(event_of(parent), GO, "found", {"of": parent.id}, received_at=now_ms())

    def test_a_crash_after_it_was_made_makes_no_second_one(self, house: House) -> None:
        """The chunk is done again, and its run of the new event is made once."""
        deaths: list[str] = []

        def die_at_first(event: Any, ctx: Any) -> None:
            ctx.emit("found", {"of": event.id})
            if not deaths:
                deaths.append(event.id)
                freed = house.replayer.replays.free(
                    is_dead=lambda _: True, ending=lambda _: None, now=now_ms(), expired=None
                )
                assert freed == ["r1"]

        house.go = die_at_first
        house.replayer.keep(1)
        assert house.replay("r1", *house.handlers()) == 3
        assert deaths
        assert len(house.made()) == len(house.seen) == 1

    def test_a_replayed_run_that_is_tried_again_makes_the_same(self, house: House) -> None:
        """Whether it was made before the failure or is only now."""

        def fail_at_first(event: Any, ctx: Any) -> None:
            if ctx.attempt == 1:
                ctx.emit("found", {"of": event.id})
                raise ValueError("at first")
            ctx.emit("found", {"of": event.id})
            ctx.emit("found", {"of": event.id, "late": True})

        house.go = fail_at_first
        house.replayer.keep(1)
        made = house.handlers(retry=Retry(attempts=2, base=0.001, jitter=False))
        assert house.replay("r1", *made) == 5
        assert sorted(house.seen) == sorted(("note", each, "r1") for each in house.made())
        assert (len(house.made()), house.in_streams()) == (2, [])

    def test_what_is_made_of_it_belongs_to_the_replay_too(self, house: House) -> None:
        """It knows how deep it is."""
        plugin = Plugin("plugin")
        chain: list[tuple[str | None, int, str | None]] = []

        @plugin.on("message.sent", "plugin.found", replay="safe")
        def go(event: Any, ctx: Any) -> None:
            chain.append((event.parent, event.depth, event.replay))
            if event.depth < 3:
                parents.append(event.id)
                ctx.emit("found", {})

        parents: list[str | None] = [None]
        house.replayer.keep(1)
        bound = BoundHandler(plugin.handlers[0], Config("plugin", {}), 30.0, "1.0")
        house.replayer.create(GO, name="r1", asked=Filter(trigger="message_sent"))
        house.replayer.work(bound, name="r1")
        house.work(bound)
        assert chain == [(parent, depth, "r1") for depth, parent in enumerate(parents)]
        assert (len(chain), house.in_streams()) == (4, [])

    def test_ordered_handlers_get_what_is_made_in_its_order(self, house: House) -> None:
        """Those that come later wait while one fails."""

        def several(event: Any, ctx: Any) -> None:
            made.extend(ctx.emit("found", {"number": n, "fail": n == 0}) for n in range(4))

        made: list[str] = []
        house.go = several
        house.replayer.keep(1)
        plugin_handlers = house.handlers(ordered=True)
        note = plugin_handlers[-1]
        assert note.id == NOTE
        object.__setattr__(note, "retry", Retry(attempts=2, base=0.001, jitter=False))
        house.replay("r1", *plugin_handlers)
        assert house.seen == [("note", each, "r1") for each in (made[0], *made)]

    def test_what_is_made_holds_up_no_event_of_the_journal(self, house: House) -> None:
        """It has lines of its own: the order between the two is not kept, and neither runs beside
        its like.
        """
        house.replayer.keep(2, conversations=1)
        plugin = Plugin("plugin")

        @plugin.on("message.sent", replay="safe")
        def go(event: Any, ctx: Any) -> None:
            ctx.emit("found", {"of": event.id})

        @plugin.on("message.sent", "plugin.found", replay="safe", ordered=True)
        def note(event: Any, ctx: Any) -> None:
            house.seen.append(("note", event.id, event.replay))

        handlers = [
            BoundHandler(each, Config("plugin", {}), 30.0, "1.0") for each in plugin.handlers
        ]
        house.replayer.create(GO, NOTE, name="r1", asked=Filter(trigger="message_sent"))
        house.replayer.work(*handlers, name="r1")
        made = house.made()[::-1]
        found = {run.event_id: run for run in house.desk.runs() if run.handler == NOTE}
        assert [found[each].state for each in made] == [RunState.RETRYING, RunState.WAITING]
        assert {run.state for each, run in found.items() if each not in made} == {RunState.DONE}
        house.work(*handlers)
        assert [each for _, each, _ in house.seen[2:]] == made


def test_the_moderation_example_flags_once_however_often_it_is_replayed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is flagged already is recognised; what a longer list finds is flagged again, once."""
    monkeypatch.syspath_prepend(EXAMPLES / "moderation")
    plugin = import_module("moderation_plugin").plugin

    def checking(words: str) -> BoundHandler:
        config = plugin.load_config({"COMETHOOKS_WORD_LIST_WORDS": words})
        return BoundHandler(plugin.handlers[0], config, 30.0, "1.0")

    house.replayer.keep(3)
    for name, words, flags in (
        ("r1", "message", 3),
        ("r2", "message", 3),
        ("r3", "message,1", 4),
        ("r4", "message,1", 4),
    ):
        house.replayer.create("word_list.check", name=name, asked=Filter(trigger="message_sent"))
        house.replayer.work(checking(words), name=name)
        assert len(house.made()) == flags
    assert house.in_streams() == []


class TestLive:
    @pytest.fixture
    def run(self, house: House) -> Callable[..., RunResult]:
        """Runs the handler that emits, live, on a record."""
        services = open_services(house.desk.settings, house.desk.journal)

        def run(kept: Record, **options: Any) -> RunResult:
            return execute(house.handlers()[0], event_of(kept), services, **options)

        return run

    def test_a_later_attempt_asks_the_journal(
        self, house: House, run: Callable[..., RunResult]
    ) -> None:
        """What the duplicate window has forgotten was processed, and is not again."""
        kept = record(1, 1)
        child = TestReplays._child(kept)
        house.desk.journal.write([Settled(each, runs=(), partition=0) for each in (kept, child)])
        assert run(kept, attempt=2).effects == (f"emitted plugin.found as {child.id}",)
        assert house.in_streams() == []

    def test_what_only_a_replay_made_is_made_live_all_the_same(
        self, house: House, run: Callable[..., RunResult]
    ) -> None:
        """Its live handlers have not got it yet."""
        house.replayer.keep(1)
        house.replay("r1", *house.handlers())
        [event] = [each for each in house.desk.journal.events(Filter()) if each.source != OURS]
        kept = record(1, 1, id=event.id)
        run(kept, attempt=2)
        assert [each.id for each in house.in_streams()] == house.made()

    def test_a_first_attempt_does_not_ask_it(self, desk: Desk, house: House, tmp_path: Any) -> None:
        """It is kept though there is no journal; a later one is not, and says why."""
        environ = {
            "REDIS_URL": desk.settings.redis_url,
            "DATABASE_URL": f"sqlite:///{tmp_path}/none/no.db",
        }
        settings = Settings.load({**environ, "COMETHOOKS_DATA_DIR": str(tmp_path)})
        journal = type(desk.journal).open(settings.database_url)
        services = open_services(settings, journal)
        go, event = house.handlers()[0], event_of(record(1, 1))
        assert execute(go, event, services).state is RunState.DONE
        assert len(house.in_streams()) == 1
        assert "NotKeptError: the journal" in (execute(go, event, services, attempt=2).error or "")
