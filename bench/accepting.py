"""What accepting costs beside what is kept: web processes that are alive at once, loaded in turn,
so that what disturbs one of them disturbs all.
"""

from collections.abc import Sequence
from statistics import median

from bench.peers.accept import Server, measure
from bench.peers.http_load import cometchat_request
from bench.report import Report, in_terms_of
from tests.redis_server import RedisServer
from tests.scenarios.stack import Stack

ROUNDS = 7
MOST = 1.15
"""So many times what the first one takes."""


def accepting(report: Report, made: Sequence[tuple[int, Stack, RedisServer]]) -> None:
    """Accept beside so many kept events each, and compare with the first."""
    servers = [
        Server(f"{kept:,}", stack.port, redis.client(), _REQUEST, stack.log_file, stack.web().pid)
        for kept, stack, redis in made
    ]
    first, *_ = measured = measure(ROUNDS, "everysec", servers)
    for each in measured:
        report.line(
            f"accepted with {each.name} events kept: web and Redis",
            median(each.others["cpu_us"]),
            "µs/request",
        )
        times = in_terms_of(first.others["cpu_us"], each.others["cpu_us"])
        report.line("  in terms of the first, median of rounds", times, "times", most=MOST)


_REQUEST = cometchat_request()
