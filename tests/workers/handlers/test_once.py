"""Blocks of `ctx.once`: what leaves a key free, done or unknown, and who waits for whom."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from comethooks.testing.http_calls import Calls
from comethooks.workers.handlers.context import GRACE_MS, Context, make_context
from comethooks.workers.handlers.effects import Effects
from comethooks.workers.handlers.once import BUSY_SECONDS
from comethooks.workers.handlers.outside import Services
from comethooks.workers.handlers.run import execute
from comethooks.workers.journal import Journal, RunResult
from comethooks.workers.journal.tables.migrate import upgrade
from comethooks.workers.plugins.config import Config
from comethooks.workers.plugins.retry import NotYet, Retry, RetryLater
from comethooks.workers.record import Record, event_of
from comethooks.workers.states import OnceState, RunState
from tests.workers.engine import handler, record

URL = "https://shop.example/in"
NOW = 1_800_000_000_000


@dataclass
class Shop:
    """Runs functions as a handler with five attempts, against answers that the test gives and a
    clock of its own.
    """

    journal: Journal
    http: Calls = field(default_factory=Calls)
    event: Record = field(default_factory=record)
    now: int = NOW

    @property
    def services(self) -> Services:
        return Services(
            self.http.client,
            self.journal,
            emit=lambda *_, **__: "",  # type: ignore[arg-type]
            clock=lambda: self.now,
        )

    def run(
        self, function: Callable[[Any, Any], None], kept: Record | None = None, attempt: int = 1
    ) -> RunResult:
        bound = handler(function, "shop.handler", retry=Retry(attempts=5))
        event = event_of(kept or self.event)
        return execute(bound, event, self.services, attempt=attempt)

    def context(
        self, kept: Record | None = None, *, replay: str | None = None, seconds: float = 30.0
    ) -> Context:
        """The context of an attempt whose process may be gone whenever the test wants."""
        config = Config("shop", {})
        return make_context(
            event_of(kept or self.event, replay),
            handler="shop.handler",
            config=config,
            log=None,  # type: ignore[arg-type]
            attempt=1,
            seconds=seconds,
            services=self.services,
            effects=Effects(config),
            dry_run=False,
        )

    @property
    def states(self) -> list[OnceState]:
        return [known.state for known in self.journal.once_of(self.event.id, self.now)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    url = f"sqlite:///{tmp_path}/journal.db"
    upgrade(url)
    made = Shop(Journal.open(url))
    yield made
    made.journal.close()
    made.http.close()


_inside = []


def inside(context: Context) -> None:
    """Have an attempt enter the block of `key` and never leave it."""
    block = context.once("key")
    assert block.__enter__()
    _inside.append(block)  # when it is collected, it is left


def post(event: Any, ctx: Any) -> None:
    with ctx.once("key") as first:
        if first:
            ctx.http.post(URL).raise_for_status()


class TestABlockThatRaises:
    def test_something_else_after_a_request_without_an_answer_leaves_the_key_unknown(
        self, shop: Shop
    ) -> None:
        """Whatever the author makes of the error, the request may have arrived."""

        def translate(event: Any, ctx: Any) -> None:
            with ctx.once("key") as first:
                if first:
                    try:
                        ctx.http.post(URL)
                    except httpx.HTTPError as error:
                        raise RetryLater(1) from error

        shop.http.fail(error=httpx.ReadTimeout)
        assert shop.run(translate).state is RunState.RETRYING
        assert shop.run(translate, attempt=2).effects == ("once 'key': not entered, it is unknown",)
        assert (len(shop.http.requests), shop.states) == (1, [OnceState.UNKNOWN])

    def test_after_a_request_that_succeeded_leaves_it_unknown(self, shop: Shop) -> None:
        """The effect is not repeated because of a mistake behind it."""

        def stumble(event: Any, ctx: Any) -> None:
            with ctx.once("key") as first:
                if first:
                    ctx.http.post(URL)
                    raise ValueError

        assert shop.run(stumble).state is RunState.RETRYING
        assert shop.run(stumble, attempt=2).state is RunState.DONE
        assert (len(shop.http.requests), shop.states) == (1, [OnceState.UNKNOWN])

    @pytest.mark.parametrize("status", [400, 429, 503, 504])
    def test_because_of_the_status_frees_it(self, shop: Shop, status: int) -> None:
        """What is answered with an error counts as not done."""
        shop.http.fail(status=status, times=1)
        assert shop.run(post).state is RunState.RETRYING
        assert shop.states == []
        assert shop.run(post, attempt=2).state is RunState.DONE
        assert (len(shop.http.requests), shop.states) == (2, [OnceState.DONE])

    def test_because_it_was_redirected_leaves_it_unknown(self, shop: Shop) -> None:
        """Forms are answered so when they were taken."""
        shop.http.fail(status=303, times=1)
        assert shop.run(post).state is RunState.RETRYING
        assert shop.run(post, attempt=2).state is RunState.DONE
        assert (len(shop.http.requests), shop.states) == (1, [OnceState.UNKNOWN])

    def test_after_a_question_frees_it(self, shop: Shop) -> None:
        """To look something up is no effect."""

        def look_up(event: Any, ctx: Any) -> None:
            with ctx.once("key"):
                ctx.http.get(URL)
                ctx.http.post("http://away.example").raise_for_status()

        shop.http.fail(status=503, url="http://away.example")
        assert shop.run(look_up).state is RunState.RETRYING
        assert shop.states == []

    def test_does_not_care_for_what_was_sent_before_it(self, shop: Shop) -> None:
        """Only for what the block itself did."""

        def begin(event: Any, ctx: Any) -> None:
            ctx.http.post(URL)
            with ctx.once("key"):
                raise ValueError

        assert shop.run(begin).state is RunState.RETRYING
        assert shop.states == []


class TestWhoComesLater:
    def test_as_the_next_attempt_of_a_run_that_died_inside_goes_on_at_once(
        self, shop: Shop
    ) -> None:
        """Nobody knows whether it happened, so it is not done again, and no attempt is lost to
        waiting.
        """
        inside(shop.context())
        result = shop.run(post, attempt=2)
        assert (result.state, result.attempts) == (RunState.DONE, 2)
        assert result.effects == ("once 'key': not entered, it is unknown",)
        assert (shop.http.requests, shop.states) == ([], [OnceState.UNKNOWN])

    def test_as_another_run_waits_and_that_is_no_attempt(self, shop: Shop) -> None:
        """However often, even with the last one; what it waits for stands in its error."""
        inside(shop.context())
        for _ in range(7):
            result = shop.run(post, record(2, 2), attempt=5)
            assert (result.state, result.attempts) == (RunState.RETRYING, 4)
            assert result.next_at == shop.now + round(BUSY_SECONDS * 1000)
            assert (
                result.error or ""
            ) == "NotYet: another run is in the block of once('key'); again in 5 s"
            shop.now = result.next_at
        shop.now += 1
        result = shop.run(post, record(2, 2), attempt=5)
        assert (result.state, result.effects) == (
            RunState.DONE,
            ("once 'key': not entered, it is unknown",),
        )

    def test_is_due_when_the_block_must_be_over(self, shop: Shop) -> None:
        """If that is earlier."""
        inside(shop.context(seconds=-3.0))
        assert shop.run(post, record(2, 2)).next_at == NOW + GRACE_MS
        shop.now += GRACE_MS - 1000
        assert shop.run(post, record(2, 2)).next_at == shop.now + 1000

    def test_in_a_replay_is_another_run(self, shop: Shop) -> None:
        """The live one may still be at it."""
        inside(shop.context())
        with pytest.raises(NotYet):
            shop.context(replay="july").once("key").__enter__()
        with shop.context().once("key") as first:
            assert not first


def post_again(event: Any, ctx: Any) -> None:
    """A request that the other side recognises when it comes again."""
    with ctx.once("key", repeatable=True) as first:
        if first:
            ctx.http.post(URL).raise_for_status()


class TestWhatMayBeRepeated:
    def test_is_done_again_when_no_answer_came(self, shop: Shop) -> None:
        """Until it is known that it was done, and then no more."""
        shop.http.fail(error=httpx.ReadTimeout, times=1)
        assert shop.run(post_again).state is RunState.RETRYING
        assert shop.states == [OnceState.UNKNOWN]
        for attempt in (2, 3):
            assert shop.run(post_again, attempt=attempt).state is RunState.DONE
        assert (len(shop.http.requests), shop.states) == (2, [OnceState.DONE])

    def test_is_done_again_after_a_death_inside(self, shop: Shop) -> None:
        """By the next attempt of the run, at once."""
        inside(shop.context())
        assert shop.run(post_again, attempt=2).state is RunState.DONE
        assert (len(shop.http.requests), shop.states) == (1, [OnceState.DONE])

    def test_is_not_done_while_another_run_is_in_the_block(self, shop: Shop) -> None:
        """That one may yet have its answer."""
        inside(shop.context())
        assert shop.run(post_again, record(2, 2)).state is RunState.RETRYING
        shop.now += 3_600_000
        assert shop.run(post_again, record(2, 2)).state is RunState.DONE
        assert len(shop.http.requests) == 1

    def test_would_be_done_again_in_a_dry_run(self, shop: Shop) -> None:
        """Which takes no key."""
        shop.http.fail(error=httpx.ReadTimeout, times=1)
        shop.run(post_again)
        bound = handler(post_again, "shop.handler")
        result = execute(bound, event_of(shop.event), shop.services, dry_run=True)
        assert result.effects[0] == "once 'key': would be entered"
        assert shop.states == [OnceState.UNKNOWN]


class TestKeys:
    def test_taken_without_with_are_a_mistake(self, shop: Shop) -> None:
        """`if ctx.once(…)` would be true each time, and keep nothing; the error says what to
        write.
        """

        def wrong(event: Any, ctx: Any) -> None:
            if ctx.once("key"):
                ctx.http.post(URL)

        result = shop.run(wrong)
        assert "TypeError: ctx.once('key')" in (result.error or "")
        assert "with ctx.once('key') as first" in (result.error or "")
        assert (shop.http.requests, shop.states) == ([], [])

    @pytest.mark.parametrize("key", ["a\x00b", "a\ud800b"])
    def test_are_texts_that_every_database_can_keep(self, shop: Shop, key: str) -> None:
        """PostgreSQL would refuse them in the middle of a run."""
        with pytest.raises(ValueError, match="without NUL"):
            shop.context().once(key)
