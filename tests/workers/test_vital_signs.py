"""What a worker sees of its work-horse: a pulse, and the runs that are in progress there."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from comethooks.workers.processes import busy_seconds
from comethooks.workers.streams.leases import LEASE_TTL_SECONDS
from comethooks.workers.vital_signs import STILL_SECONDS, Pulse, VitalSigns, Watch, run_name
from tests.waiting import wait_for


def test_another_process_sees_the_pulse_and_what_is_in_progress() -> None:
    """Whatever the one that was forked can still do; and nothing of it is left for the next."""
    signs = VitalSigns(3)
    pid = os.fork()
    if not pid:
        signs.beat()
        signs.begin(0, "id-1", "plugin.one")
        signs.begin(1, "id-2", "plugin.two")
        signs.begin(2, "id-3", "plugin.three")
        signs.end(1)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert signs.pulse == 1
    assert signs.in_progress() == ["id-1/plugin.one", "id-3/plugin.three"]
    signs.clear()
    assert (signs.pulse, signs.in_progress()) == (0, [])


def test_whether_a_process_came_to_its_end_does_not_depend_on_its_status() -> None:
    """It says so itself, and the next one begins anew."""
    signs = VitalSigns(1)
    signs.begin(0, "id-1", "plugin.one")
    assert not signs.has_finished
    signs.finish()
    assert (signs.has_finished, signs.in_progress()) == (True, ["id-1/plugin.one"])
    signs.clear()
    assert not signs.has_finished


def test_a_name_that_is_too_long_is_known_by_its_beginning() -> None:
    """It does not reach into the next runner's place."""
    signs = VitalSigns(2)
    long = "plugin." + "ü" * 300
    signs.begin(1, "id-2", "plugin.two")
    signs.begin(0, "id-1", long)
    assert signs.in_progress() == sorted([run_name("id-1", long), "id-2/plugin.two"])


def test_a_shorter_name_replaces_a_longer_one() -> None:
    """Nothing of the longer one is left."""
    signs = VitalSigns(1)
    signs.begin(0, "id-1", "plugin.a_long_name")
    signs.begin(0, "id-1", "plugin.a")
    assert signs.in_progress() == ["id-1/plugin.a"]


def test_a_pulse_beats_until_it_is_stopped() -> None:
    """At once, and then again and again."""
    signs = VitalSigns(1)
    pulse = Pulse(signs.beat)
    pulse.start()
    wait_for(lambda: signs.pulse > 1, "it has beaten again")
    pulse.stop()
    pulse.join(10)
    assert not pulse.is_alive()


Look = tuple[float, int] | tuple[float, int, float | None]


@pytest.mark.parametrize(
    ("looks", "still"),
    [
        ([(0.0, 1), (0.5, 2), (1.0, 3)], False),
        ([(0.0, 1), (1.0, 1), (2.0, 1), (2.9, 1)], False),
        ([(0.0, 1), (1.0, 1), (2.0, 1), (3.0, 1)], True),
        ([(0.0, 1), (1.0, 1), (2.0, 1), (2.5, 2), (3.0, 2)], False),
        ([(0.0, 0), (1.0, 0), (2.0, 0), (3.0, 0), (4.0, 0)], False),
        ([(0.0, 1), (60.0, 1)], False),
        ([(0.0, 1), (60.0, 1), (61.0, 1)], True),
        ([(0.0, 1)] + [(at / 2, 1, at * 0.01) for at in range(1, 20)], False),
        ([(0.0, 1)] + [(at / 2, 1, at * 0.1) for at in range(1, 8)], True),
        ([(0.0, 1), (1.0, 1), (2.0, 1, 5.0), (3.0, 1, None)], True),
    ],
    ids=[
        "it beats",
        "not long enough",
        "long enough",
        "it beats again",
        "it has not begun",
        "nobody has looked meanwhile",
        "since somebody looks again",
        "others have the processors",
        "it has its share of them",
        "it does not want one",
    ],
)
def test_a_process_stands_still_when_it_is_seen_to(looks: list[Look], still: bool) -> None:
    """For three seconds here. A sleep of the whole machine is no one's fault."""
    watch = Watch(limit=3.0)

    def seen(now: float, pulse: int, busy: float | None = None) -> bool:
        return watch.stands_still(pulse, now, lambda: busy)

    assert [seen(*look) for look in looks][-1] is still


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel must tell how busy a process is")
def test_who_is_kept_from_going_on_by_others_does_not_stand_still() -> None:
    """A process with busy threads that gets a hundredth of a processor beats late, and is well."""
    signs = VitalSigns(1)
    starving = subprocess.Popen([sys.executable, "-c", STARVING], stdout=subprocess.PIPE)
    others = [subprocess.Popen([sys.executable, "-c", OTHER]) for _ in range(2)]
    try:
        assert starving.stdout is not None
        signs.beat()
        starving.stdout.read(1)  # its threads are at work by now
        watch, busy, end = Watch(limit=3.0), partial(busy_seconds, starving.pid), 6.0
        started = time.monotonic()
        while (passed := time.monotonic() - started) < end:
            assert not watch.stands_still(signs.pulse, passed, busy)
            time.sleep(0.2)
        starving.send_signal(signal.SIGSTOP)
        wait_for(
            lambda: watch.stands_still(signs.pulse, time.monotonic() - started, busy),
            "it is seen that it is stopped",
        )
    finally:
        for process in (starving, *others):
            process.kill()
            process.wait()
        assert starving.stdout is not None
        starving.stdout.close()


OTHER = """
import os

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
while True:
    pass
"""
STARVING = """
import os
import threading

def work():
    while True:
        pass

for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
os.write(1, b"x")
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
for thread in threading.enumerate():
    os.sched_setaffinity(thread.native_id, {min(os.sched_getaffinity(0))})
    os.sched_setscheduler(thread.native_id, os.SCHED_IDLE, os.sched_param(0))
work()
"""
"""Threads that run only when nobody else wants the processor, or nearly so."""


def test_who_stands_still_is_killed_while_it_has_its_leases() -> None:
    """They are renewed every fifth of their time: whoever takes over then knows how it ended."""
    assert STILL_SECONDS < LEASE_TTL_SECONDS * 4 / 5
    started = time.monotonic()
    assert not Watch().stands_still(1, started, lambda: None)
