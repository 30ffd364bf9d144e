"""`python -m bench peers`: how many times the work of others comethooks does on this machine.

Prints one JSON object a line, and tells of its progress on standard error.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.peers import accept, drain, environment, tables
from bench.peers.ratios import Line, Measured, lines

FSYNCS = ("always", "everysec")


def main(arguments: list[str]) -> int:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="of each table; at least 9 to tell")
    parser.add_argument("--work", choices=("accept", "drain"), action="append", help="default both")
    parser.add_argument("--fsync", choices=FSYNCS, action="append", help="default both")
    parser.add_argument("--against", action="append", help="the names of peers; default all")
    parser.add_argument(
        "--events", type=int, default=60_000, help="that comethooks drains in a round"
    )
    parser.add_argument(
        "--record", action="store_true", help="keep the lines, and put them into docs/benchmarks.md"
    )
    asked = parser.parse_args(arguments)
    found: list[Line] = []
    environment.make()
    for fsync in asked.fsync or FSYNCS:
        if "accept" in (asked.work or ("accept", "drain")):
            names = _chosen(asked.against, accept.PEERS)
            with TemporaryDirectory() as directory, accept.servers(Path(directory), names) as all_:
                found += _printed(accept.measure(asked.rounds, fsync, all_))
        if "drain" in (asked.work or ("accept", "drain")):
            names = _chosen(asked.against, drain.PEERS)
            found += _printed(drain.measure(asked.rounds, fsync, names, asked.events))
    if asked.record:
        tables.record(found)
    return 0


def _chosen(asked: list[str] | None, known: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in known if asked is None or name in asked)


def _printed(measured: list[Measured]) -> list[Line]:
    found = lines(measured)
    for line in found:
        print(json.dumps(line), flush=True)
    return found
