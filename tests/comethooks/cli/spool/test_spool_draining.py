"""`comethooks spool drain` empties what a host has left into Redis."""

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from comethooks.workers.ids import new_id
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import user_of
from comethooks.workers.spool.spool import Spool
from comethooks.workers.spool.spooled import Spooled
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.owner import hand_over
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.waiting import wait_for
from tests.webhooks.samples import message


def left_behind(folder: Path, settings: Settings | None, requests: list[Spooled]) -> None:
    """What a web process has left that was killed."""
    user = "the host that is gone" if settings is None else user_of(settings)
    spool = Spool.open(folder, max_bytes=10**8, user=user)
    spool.append(requests)
    spool.close()


def requests_of(store: Store, count: int) -> list[Spooled]:
    """Events of one conversation, each with a key of its own."""
    return [
        Spooled(store.record(message(id=str(n))), n.to_bytes(16, "big"), has_time=True)
        for n in range(count)
    ]


def ids_in_order(command: Command) -> list[str]:
    return [each["id"] for each in reversed(command.json("events", "list"))]


def test_what_is_left_goes_to_redis_in_its_order(
    command: Command, store: Store, tmp_path: Path
) -> None:
    """Under the ids that were answered."""
    requests = requests_of(store, 300)
    left_behind(tmp_path / "spool", Settings.load(command.environ), requests)
    [drained] = command.json("spool", "drain")
    assert drained == {"emptied": 300, "left": 0, "reason": None, "set_aside": []}
    assert ids_in_order(command) == [each.record.id for each in requests]
    assert not any(
        event["spooled"] for event in command.json("events", "show", requests[0].record.id)
    )
    assert "It holds nothing." in command("spool", "drain").stderr
    assert "nothing" in command("spool", "status").stdout


def test_the_disk_of_another_host_is_emptied_here(
    command: Command, store: Store, tmp_path: Path
) -> None:
    """As long as nobody uses it any more."""
    folder, requests = tmp_path / "brought here", requests_of(store, 3)
    left_behind(folder, None, requests)
    theirs = Spool.open(folder, max_bytes=10**8, user="the host that is gone")
    refused = command("spool", "drain", str(folder))
    theirs.close()
    assert refused.exit_code == 1
    assert "in use by another data directory" in refused.stderr
    assert command("spool", "drain", str(folder)).exit_code == 0
    assert ids_in_order(command) == [each.record.id for each in requests]


def test_what_was_for_a_journal_that_is_gone_is_set_aside_until_it_is_adopted(
    command: Command, store: Store, tmp_path: Path
) -> None:
    """Where no `db adopt` could say so, since Redis was lost as well."""
    requests = requests_of(store, 3)
    settings = Settings.load(command.environ)
    with closing(connect(settings.redis_url)) as redis:
        hand_over(redis, "the journal that there is")
    spool = Spool.open(tmp_path / "spool", max_bytes=10**8, user=user_of(settings))
    spool.remember("the journal that is gone")
    spool.append(requests)
    spool.close()
    refused = command("spool", "drain")
    assert refused.exit_code == 1
    assert "if that one is gone for good: comethooks spool drain --adopt" in refused.stderr
    assert "It holds nothing." in command("spool", "drain").stderr
    [adopted] = command.json("spool", "drain", "--adopt")
    assert adopted == {"emptied": 3, "left": 0, "reason": None, "set_aside": []}
    assert ids_in_order(command) == [each.record.id for each in requests]


def test_ids_of_repeats_lead_to_the_first(command: Command, store: Store, tmp_path: Path) -> None:
    """Which they could not be told from while they were spooled."""
    first, second = (
        Spooled(store.record(message(id="1"), id=new_id()), b"k" * 16, has_time=True)
        for _ in range(2)
    )
    left_behind(tmp_path / "spool", Settings.load(command.environ), [first, second])
    assert len(command.json("events", "list")) == 2
    assert command("spool", "drain").exit_code == 0
    assert ids_in_order(command) == [first.record.id]
    again = second.record.id
    assert command.json("requests", "show", again)[0]["event_id"] == first.record.id
    assert first.record.id in command("explain", again).stdout
    missing = command("events", "show", again)
    assert (missing.exit_code, first.record.id in missing.stderr) == (1, True)


def test_while_redis_is_away_nothing_is_lost(
    command: Command, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives up after a while and says why; later it goes on."""
    monkeypatch.setattr("comethooks.cli.spool.draining.PATIENCE_SECONDS", 0.3)
    requests = requests_of(store, 3)
    left_behind(tmp_path / "spool", Settings.load(command.environ), requests)
    away = command("spool", "drain", REDIS_URL=f"unix://{tmp_path}/nothing.sock")
    assert away.exit_code == 1
    assert "3 requests are left, since " in away.stderr
    assert away.stderr.rstrip().endswith(". Run it again when that is over")
    assert command("spool", "drain").exit_code == 0
    assert ids_in_order(command) == [each.record.id for each in requests]


def test_beside_a_web_process_it_says_what_keeps_that_one_from_emptying_it(
    command: Command, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, whoever of the two is at it: to run it again would not help."""
    monkeypatch.setattr("comethooks.cli.spool.draining.PATIENCE_SECONDS", 0.3)
    settings = Settings.load(command.environ)
    left_behind(tmp_path / "spool", settings, requests_of(store, 3))
    why = "Redis did not answer: TimeoutError"
    with closing(Spool.open(tmp_path / "spool", max_bytes=10**8, user=user_of(settings))) as spool:
        spool.state.reason = why
        assert spool.emptying.acquire(blocking=False)
        beside = command("spool", "drain")
        spool.emptying.release()
    assert beside.exit_code == 1
    assert beside.stderr.count("Waiting: ") == beside.stderr.count(f"Waiting: {why}") == 1
    assert f"3 requests are left, since {why}. Run it again" in beside.stderr


def test_killed_in_the_middle_it_goes_on(
    command: Command, store: Store, tmp_path: Path, redis_server: object
) -> None:
    """Nothing is lost, and nothing is accepted twice."""
    requests = requests_of(store, 2000)
    left_behind(tmp_path / "spool", Settings.load(command.environ), requests)
    client: Redis = store.streams.client
    process = subprocess.Popen(
        [sys.executable, "-m", "comethooks.cli", "spool", "drain"],
        env={**os.environ, **command.environ},
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: entries(client) > 200, "it has begun")
    process.send_signal(signal.SIGKILL)
    process.wait()
    accepted = entries(client)
    assert accepted < 2000
    assert command("spool", "drain").exit_code == 0
    assert ids_in_order(command) == [each.record.id for each in requests]
    assert entries(client) == 2000


def entries(client: Redis) -> int:
    return sum(client.xlen(name) for name in client.scan_iter(match="comethooks:events:*"))
