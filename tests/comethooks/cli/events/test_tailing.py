"""`comethooks events tail`."""

import json
import os
import signal
import subprocess
import sys
import threading

from comethooks.workers.journal import iso
from tests.comethooks.cli.store import START, run


class TestTail:
    def test_prints_what_comes_and_changes_until_ctrl_c(self, command, store):
        old = store.accept()
        process = subprocess.Popen(
            [sys.executable, "-m", "comethooks.cli", "events", "tail", "--json"],
            env={**os.environ, **command.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        killer = threading.Timer(60, process.kill)
        killer.start()
        try:
            assert "Waiting for events" in process.stderr.readline()
            record = store.accept()
            accepted = json.loads(process.stdout.readline())
            store.settle(record, run())
            changed = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate()
        finally:
            killer.cancel()
            process.kill()
        assert (accepted["id"], accepted["status"]) == (record.id, "queued")
        assert (changed["id"], changed["status"]) == (record.id, "done")
        assert (process.returncode, rest) == (0, "")
        assert old.id not in (accepted["id"], changed["id"])

    def test_until_a_time_it_prints_what_had_come_and_ends(self, command, store):
        """Without anybody's Ctrl-C."""
        records = [store.accept(at=START + 1000 * number) for number in range(3)]
        times = ("--since", iso(START + 1000), "--until", iso(START + 2000))
        assert [event["id"] for event in command.json("events", "tail", *times)] == [records[1].id]
