"""A side effect that is to happen at most once, when the process dies while it happens."""

import pytest

from comethooks.workers.clock import now_ms
from comethooks.workers.journal import Filter
from comethooks.workers.settings.settings import Settings
from comethooks.workers.states import OnceState, RunState
from comethooks.workers.streams.accept import Streams
from tests.redis_server import RedisServer
from tests.scenarios.judging import journal_of, waiting
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

SHOP = """
    import os
    import signal
    from comethooks import Plugin, Retry

    plugin = Plugin("shop")

    @plugin.on("message_sent", retry=Retry(attempts=5), ordered=True)
    def charge(event, ctx):
        with ctx.once("charge") as first:
            if first:
                os.kill(os.getpid(), signal.SIGKILL)
        ctx.log.info("went on", first=first)
"""


@pytest.mark.timeout(90)
def test_a_run_that_died_in_the_block_goes_on_at_once_and_nobody_does_it_again(
    stack: Stack, own_redis_server: RedisServer
) -> None:
    """It waits for no lease, so no attempt is used up; those behind it in its conversation are
    done, too.
    """
    stack.plugin("shop", SHOP)
    stack.start("worker", "--workers", "1")
    streams = Streams.open(Settings.load(stack.environment))
    ids = [accept(streams, 1, number) for number in range(3)]
    streams.close()
    redis = own_redis_server.client()
    wait_for(lambda: not waiting(redis), "everything is journalled", seconds=25)
    journal = journal_of(stack)
    runs = {run.event_id: run for run in journal.runs(Filter(handler="shop.charge"))}
    assert [(runs[each].state, runs[each].attempts) for each in ids] == [
        (RunState.DONE, 2),
        (RunState.DONE, 1),
        (RunState.DONE, 1),
    ]
    assert [known.state for known in journal.once_of(ids[0], now_ms())] == [OnceState.UNKNOWN]
    journal.close()
