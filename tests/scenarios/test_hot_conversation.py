"""A conversation with more events than can be handled, beside others of its partition."""

import contextlib
import time
from pathlib import Path

from comethooks.workers.streams import keys
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.layout import DEFAULT_COUNT, Layout
from tests.redis_server import RedisServer
from tests.scenarios.load import accept
from tests.scenarios.stack import Stack
from tests.waiting import wait_for

SLOW = """
    import time
    from marshmallow import fields
    from comethooks import Plugin

    plugin = Plugin("recorder", config={"file": fields.String(required=True)})

    @plugin.on("*")
    def record(event, ctx):
        if event.conversation_id == "group_room0":
            time.sleep(0.2)
        line = f"{event.id} {event.conversation_id} {event.message.id} 0 {time.time_ns()}\\n"
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(line.encode())
"""
HOT, NEIGHBOURS = 1_500, 30


def test_a_hot_conversation_holds_up_no_other_of_its_partition(
    tmp_path: Path, own_redis_server: RedisServer
) -> None:
    """Of 1,500 messages that each take 0.2 s, and of 30 messages of others behind them, these are
    handled within a second; and the hot ones in their order.
    """
    layout = Layout(DEFAULT_COUNT)
    with contextlib.closing(Stack(tmp_path, own_redis_server.url)) as stack:
        stack.plugin("recorder", SLOW)
        stack.make_tables()
        streams = Streams(
            connect(own_redis_server.url),
            partitions=None,
            duplicate_window=3600,
            max_backlog_bytes=2**30,
        )
        stack.start("worker", "--workers", "1")
        wait_for(
            lambda: own_redis_server.client().zcard(keys.MEMBERS) == 1, "the drainer has joined"
        )
        hot = [accept(streams, 0, number) for number in range(HOT)]
        of = layout.partition_of("app1", "group_room0")
        same = (each for each in range(1, 10**6) if _partition(layout, each) == of)
        posted = time.time_ns()
        neighbours = {accept(streams, next(same), number) for number in range(NEIGHBOURS)}
        wait_for(
            lambda: neighbours <= stack.effects().ids, "the neighbours are handled", seconds=45
        )
        effects = stack.effects()
        late = [
            (at - posted) / 1e9
            for line, at in zip(effects.lines, effects.times, strict=True)
            if line[0] in neighbours
        ]
        print(f"the last neighbour was handled after {max(late):.2f} s")
        assert max(late) < 1
        handled = [line[0] for line in effects.lines if line[0] not in neighbours]
        assert handled == hot[: len(handled)]


def _partition(layout: Layout, conversation: int) -> int:
    return layout.partition_of("app1", f"group_room{conversation}")
