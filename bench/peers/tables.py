"""The lines of a run, kept as they were printed, and the tables of docs/benchmarks.md from them."""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.peers.ratios import OURS, Line

ROOT = Path(__file__).parent.parent.parent
KEPT = ROOT / "bench" / "peers" / "results.jsonl"
PAGE = ROOT / "docs" / "benchmarks.md"
_BEGIN, _END = "<!-- from bench/peers/results.jsonl -->\n", "<!-- until here -->\n"


def record(found: Iterable[Line]) -> None:
    """Keep the lines, and put their tables into the page."""
    KEPT.write_text("".join(json.dumps(line) + "\n" for line in found))
    page = PAGE.read_text()
    before, rest = page.split(_BEGIN)
    PAGE.write_text(before + written(kept()) + rest.split(_END)[1])


def kept() -> list[Line]:
    """The lines of the run that the page tells of."""
    return [json.loads(line) for line in KEPT.read_text().splitlines()]


def written(found: list[Line]) -> str:
    """The part of the page that is made from these lines, with its marks."""
    parts = [_BEGIN]
    for work in dict.fromkeys(line["work"] for line in found):
        of_work = [line for line in found if line["work"] == work]
        for fsync in dict.fromkeys(line["fsync"] for line in of_work):
            parts.append(_table(work, fsync, [each for each in of_work if each["fsync"] == fsync]))
    return "\n".join([*parts, _END])


def _table(work: str, fsync: str, found: list[Line]) -> str:
    ours = found[0]["ours"]
    timed = "p99_ms" in ours
    heads = [
        f"{work}, `appendfsync {fsync}`",
        "a second",
        "comethooks does, times",
        "from, to",
    ]
    rows = [[OURS, f"{ours['per_second']:,.0f}", "", ""]]
    rows += [
        [
            line["against"],
            f"{line['theirs']['per_second']:,.0f}",
            f"{line['ratio']:.2f}",
            f"{line['lowest']:.2f}, {line['highest']:.2f}",
        ]
        for line in found
    ]
    if timed:
        heads += ["p50, ms", "p99, ms", "processor time, µs"]
        for row, times in zip(rows, [ours, *(line["theirs"] for line in found)], strict=True):
            row += [f"{times['p50_ms']:.1f}", f"{times['p99_ms']:.1f}", f"{times['cpu_us']:.0f}"]
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
