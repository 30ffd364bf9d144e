"""Rules of moderation: what a message takes, and what loading them does."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import orjson
from redis import Redis

from bench.report import Report, percentile
from comethooks.samples import sample
from comethooks.schemas import Event, parse
from comethooks.testing.configuring import loaded
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.handlers.http import Clients
from comethooks.workers.ids import id_at
from comethooks.workers.moderation.look import look_of
from comethooks.workers.moderation.moderator_plugin import plugin_of
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import read_rules
from comethooks.workers.record import Record, event_of, event_record
from comethooks.workers.states import DecisionAction
from comethooks.workers.streams.windows import SlidingWindows
from tests.redis_server import running_server

WORDS, PATTERNS, MESSAGES = 1_000, 100, 5_000
BUDGET_MS, WARM = 800, 200
_LONGEST = 500
_NOW = 1_795_971_931_000
_SYLLABLES = tuple(
    "".join((consonant, vowel)) for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"
)
LOADED = """
import json, sys, time
import comethooks.webhooks.app, comethooks.workers.handlers.context, httpx

def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

from pathlib import Path
path, before = Path(sys.argv[1]), megabytes()
started = time.process_time()
from comethooks.workers.moderation.moderator_plugin import plugin_of
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import read_rules
from comethooks.workers.moderation.look import Look
imported = time.process_time()
rules = read_rules(path)
rules.prepare()
loaded = time.process_time()
for line in sys.stdin:
    rules.findings(Look((json.loads(line),), sender="ann"))
print(json.dumps([imported - started, loaded - imported, megabytes() - before]))
"""


def moderation(report: Report, events: int) -> None:
    """Judge messages by 1,000 words and 100 patterns, links, contacts and a flood."""
    random = Random(7)
    vocabulary = ["".join(random.choices(_SYLLABLES, k=random.randint(1, 4))) for _ in range(8_000)]
    texts = [*_texts(vocabulary, random, min(events, MESSAGES))]
    with tempfile.TemporaryDirectory() as directory, running_server(on_disk=True) as server:
        words, everything = _files(Path(directory), vocabulary, random)
        _load(report, "1,000 words", words, texts, most=200)
        _load(report, "those, 100 patterns, links, contacts", everything, texts)
        rules = read_rules(everything)
        rules.prepare()
        windows = SlidingWindows.beside(server.client())
        judge(report, "without Redis", rules, texts, None)
        judge(report, "flood included, each write on disk", rules, texts[:500], windows)
        server.client().config_set("appendfsync", "everysec")
        judge(report, "flood included", rules, texts, windows)
        decide(report, _in_flight(everything), texts, server.client())


def decide(report: Report, path: Path, texts: list[str], redis: Redis) -> None:
    """What it takes until messages in flight are decided on, by a rule and by one in shadow."""
    deciders = loaded(plugin_of(path), {}, BUDGET_MS / 1000).deciders
    services = DeciderServices(Clients().client, redis=redis)
    panel = Panel(deciders, services=services, budget_ms=BUDGET_MS)
    for record in map(_message_in_flight, texts[:WARM], range(WARM)):
        panel.begin(record).result(BUDGET_MS / 1000 + 1)
    took: list[float] = []
    dropped = 0
    for record in map(_message_in_flight, texts, count(WARM)):
        began = time.perf_counter()
        ruling = panel.begin(record).result(BUDGET_MS / 1000 + 1)
        took.append((time.perf_counter() - began) * 1000)
        assert not ruling.failed, ruling
        assert len(ruling.votes) == len(deciders) == 2, ruling
        dropped += ruling.decision is DecisionAction.DROP
    panel.close()
    p50, p99 = percentile(took, 50), percentile(took, 99)
    report.line("two deciders, flood included: a decision, p50", p50, "ms", most=1)
    report.line("  p99", p99, "ms", most=5)
    report.line("  of which are dropped", 100 * dropped / len(took), "%")


def judge(
    report: Report, name: str, rules: Rules, texts: list[str], windows: SlidingWindows | None
) -> None:
    """What messages take, one after the other."""
    took, worked = [], []
    for event in map(_event, texts, range(len(texts))):
        began, work = time.perf_counter(), time.thread_time()
        rules.findings(look_of(event, windows=windows))
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.thread_time() - work) * 1000)
    for what, found in ((f"a message, {name}", took), ("  processor time of its own", worked)):
        report.line(f"{what}, p50", percentile(found, 50), "ms")
        report.line("  p99", percentile(found, 99), "ms")


def _load(
    report: Report, name: str, path: Path, texts: list[str], most: float | None = None
) -> None:
    """What a web process takes for a file, and has in memory once it has judged all texts."""
    lines = "\n".join(json.dumps(text) for text in texts)
    command = [sys.executable, "-c", LOADED, str(path)]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
    imports, loads, grown = json.loads(done.stdout)
    report.line(f"{name}: processor time to load", loads * 1000, "ms", most=most)
    report.line("  and to import what that needs", imports * 1000, "ms")
    report.line(f"  memory after {len(texts)} messages", grown, "MB", most=30)


def _files(folder: Path, vocabulary: list[str], random: Random) -> tuple[Path, Path]:
    phrases = (" ".join(random.sample(vocabulary, 2)) for _ in range(WORDS // 4))
    words = [*random.sample(sorted(set(vocabulary)), WORDS - WORDS // 4), *phrases]
    patterns = [rf"\b{random.choice(vocabulary)}\s+\w+{random.choice(vocabulary)}" for _ in words]
    (folder / "words.txt").write_text("\n".join(words), "utf-8")
    head = 'version = 1\n[[rule]]\nname = "words"\nwords_file = "words.txt"\n'
    rest = f"""
[[rule]]
name = "patterns"
patterns = {json.dumps(patterns[:PATTERNS])}
[[rule]]
name = "elsewhere"
links = {{ allow = ["example.com"], shorteners = true }}
contacts = {{ region = "US" }}
[[rule]]
name = "flood"
flood = {{ messages = 10, seconds = 10 }}
repeats = {{ times = 4, seconds = 60 }}
"""
    only_words, everything = folder / "words.toml", folder / "everything.toml"
    only_words.write_text(head, "utf-8")
    everything.write_text(head + rest, "utf-8")
    return only_words, everything


def _in_flight(everything: Path) -> Path:
    """The same rules as they drop messages, and a flood that only is told."""
    head, *rules = everything.read_text("utf-8").split("[[rule]]")
    rules = [f'{rule}in_flight = "drop"\n' for rule in rules]
    flood = rules[-1].replace('"flood"', '"flood_in_shadow"') + "shadow = true\n"
    path = everything.with_name("in_flight.toml")
    path.write_text("[[rule]]".join((head, *rules, flood)), "utf-8")
    return path


def _texts(vocabulary: list[str], random: Random, number: int) -> Iterator[str]:
    """Messages of people: few words are in most of them, and a tenth has a link or a number."""
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    extras = ("see https://example.com/a", "call +1 201 555 0123", "me@example.org", "b.u.y $h1t")
    for place in range(number):
        words = random.choices(vocabulary, weights, k=random.randint(3, 80))
        extra = f" {random.choice(extras)}" if place % 10 == 0 else ""
        yield f"{' '.join(words).capitalize()[:_LONGEST]}.{extra}"


def _event(text: str, number: int) -> Event:
    return event_of(_message(text, number, "message_sent"))


def _message_in_flight(text: str, number: int) -> Record:
    return _message(text, number, "before_message")


def _message(text: str, number: int, trigger: str) -> Record:
    body = sample(trigger, now_ms=_NOW + number, random=Random(number))
    message = body["data"].get("message", body["data"])
    message["data"]["text"] = text
    raw = orjson.dumps(body)
    return event_record(parse(body, raw), id=id_at(_NOW + number), received_at=_NOW, body=raw)
