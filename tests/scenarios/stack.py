"""The real thing for scenarios: gunicorn and worker supervisors as processes, and the ledgers to
judge them by.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner, Result

from comethooks.cli import main
from comethooks.workers.processes import is_alive
from comethooks.workers.settings.settings import Settings
from tests import command_processes
from tests.command_processes import Process
from tests.tables import make_tables
from tests.waiting import wait_for

USER, PASSWORD = "scenario", "Passw0rdOfTheScenario"

RECORDER = """
    import os
    import time
    from marshmallow import fields
    from comethooks import Plugin

    plugin = Plugin("recorder", config={"file": fields.String(required=True)})

    @plugin.on("*")
    def record(event, ctx):
        number = event.message.id if event.message else ""
        line = f"{event.id} {event.conversation_id} {number} {os.getpid()} {time.time_ns()}\\n"
        with open(ctx.config.file, "ab", buffering=0) as file:
            file.write(line.encode(errors="backslashreplace"))
"""
"""A plugin whose handler writes a line for every event that it gets: the ledger of effects."""


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Effects:
    """What the recorder wrote: the events in the order in which the handler got them, and when it
    did (ns).
    """

    lines: list[tuple[str, str, str, int]]
    times: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Effects":
        """All complete lines there are now."""
        if not path.exists():
            return cls([])
        rows = [line.split(" ") for line in path.read_text().split("\n") if line]
        return cls(
            [(row[0], row[1], row[2], int(row[3])) for row in rows],
            [int(row[4]) for row in rows if len(row) > 4],
        )

    @property
    def ids(self) -> set[str]:
        """The ids of the events that the handler got at least once."""
        return {line[0] for line in self.lines}

    @property
    def repeats(self) -> int:
        """How often the handler got an event again."""
        return len(self.lines) - len(self.ids)

    def disorders(self, accepted: Mapping[str, Sequence[str]]) -> int:
        """How many events were handled first before one that was accepted earlier in its
        conversation.
        """
        first: dict[str, int] = {}
        for position, line in enumerate(self.lines):
            first.setdefault(line[0], position)
        wrong = 0
        for ids in accepted.values():
            positions = [first[event] for event in ids if event in first]
            wrong += sum(later < earlier for earlier, later in pairwise(positions))
        return wrong


@dataclass
class Stack:
    """One deployment: its settings, and the processes that were started with them."""

    directory: Path
    redis_url: str
    database_url: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    anew: bool = False
    """Processes are executed, however long that takes: for what looks at their command lines."""

    def __post_init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.effects_file = self.directory / "effects"
        self.log_file = self.directory / "log"
        self.plugin_dir = self.directory / "plugins"
        self.plugin_dir.mkdir(exist_ok=True)
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith("COMETHOOKS_")
            },
            "COMETHOOKS_DATA_DIR": str(self.directory / "data"),
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_PLUGIN_DIR": str(self.plugin_dir),
            "COMETHOOKS_LOG_FORMAT": "json",
            "COMETHOOKS_RECORDER_FILE": str(self.effects_file),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "2",
            **({"REDIS_URL": self.redis_url} if self.redis_url else {}),
            **({"DATABASE_URL": self.database_url} if self.database_url else {}),
            **self.settings,
        }
        (self.directory / "data").mkdir(exist_ok=True)

    def plugin(self, name: str, source: str) -> None:
        """Put a plugin of one file into the plugin folder."""
        (self.plugin_dir / f"{name}.py").write_text(textwrap.dedent(source))

    def start(self, *arguments: str) -> Process:
        """Start `comethooks` with these arguments; all output goes to the log file."""
        with open(self.log_file, "ab") as log:
            process = command_processes.start(
                arguments,
                environ=self.environment,
                cwd=self.directory,
                stdout=log,
                stderr=log,
                anew=self.anew,
            )
        self.processes.append(process)
        return process

    def web(self) -> Process:
        """Start the web process, and return once it answers."""
        process = self.start("web")
        wait_for(self.answers, "the web process answers")
        return process

    def run(
        self, *arguments: str, check: bool = True, seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which may take so long."""
        done = command_processes.run(
            arguments,
            environ=self.environment,
            cwd=self.directory,
            seconds=seconds,
            anew=self.anew,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done

    def make_tables(self) -> None:
        """Do what `comethooks db upgrade` does, without a process for it."""
        make_tables(Settings.load(self.environment).database_url)

    def invoke(self, *arguments: str) -> Result:
        """Run a command that succeeds, in this process: another one would take seconds to load
        it. It may narrow the umask, and leaves it as it was.
        """
        umask = os.umask(0o077)
        os.umask(umask)
        elsewhere = dict.fromkeys(os.environ.keys() - self.environment.keys())
        done = CliRunner().invoke(main, arguments, env={**elsewhere, **self.environment})
        os.umask(umask)
        assert done.exit_code == 0, done.output
        return done

    def ask(self, *arguments: str) -> str:
        """What a command prints."""
        return self.invoke(*arguments).stdout

    def listing(self, *arguments: str) -> list[dict[str, Any]]:
        """What a listing prints with `--json`."""
        return [json.loads(line) for line in self.ask(*arguments, "--json").splitlines()]

    def answers(self) -> bool:
        """Whether the web process answers."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        return False

    def client(self) -> httpx.Client:
        """An HTTP client with the credentials."""
        return httpx.Client(base_url=self.url, auth=(USER, PASSWORD), timeout=10)

    def post(self, body: Mapping[str, Any] | bytes) -> httpx.Response:
        """Post one body to the endpoint."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        with self.client() as client:
            return client.post(
                "/webhooks", content=raw, headers={"Content-Type": "Application/json"}
            )

    def deliver(self, body: Mapping[str, Any] | bytes) -> httpx.Response:
        """Post one body until it is acknowledged, as CometChat does after a 503; that answer."""
        answers = [self.post(body)]
        wait_for(
            lambda: answers[-1].status_code != 503 or answers.append(self.post(body)),
            "the body is acknowledged",
        )
        assert answers[-1].status_code == 200, answers[-1].text
        return answers[-1]

    def effects(self) -> Effects:
        """The ledger of effects as it is now."""
        return Effects.read(self.effects_file)

    def log(self) -> str:
        """Everything that all processes printed."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def close(self) -> None:
        """End everything, gently first."""
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                kill_tree(process.pid)
                process.wait()


def parents() -> dict[int, int]:
    """All processes that live, and the parent of each."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    return found


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that live."""
    return sorted(child for child, parent in parents().items() if parent == pid)


def command_of(pid: int) -> str:
    """The command line of a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def name_of(pid: int) -> str:
    """The name of a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, parents first."""
    of, found = parents(), [pid]
    for each in found:
        found += sorted(child for child, parent in of.items() if parent == each)
    return found[1:]


def kill_tree(pid: int) -> None:
    """Kill a process and everything below it at once."""
    for victim in [pid, *descendants(pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def workers_of(supervisor: int) -> list[int]:
    """The worker processes of a supervisor that drain."""
    return [pid for pid in children(supervisor) if name_of(pid).startswith("worker-")]


def runs_worker_of(supervisor: int) -> int:
    """The worker process of a supervisor that runs again what has failed; waits for it when that
    was killed.
    """
    found: list[int] = []
    wait_for(
        lambda: (
            found.extend(pid for pid in children(supervisor) if name_of(pid) == "runs") or found
        ),
        "there is a worker for runs",
    )
    return found[0]


def work_horses_of(supervisor: int) -> list[int]:
    """The work-horses below a supervisor: the children of its workers."""
    return [
        horse for worker in workers_of(supervisor) for horse in children(worker) if is_alive(horse)
    ]


def message(conversation: int, number: int, **changes: Any) -> dict[str, Any]:
    """A message of a group; two calls with the same numbers give the same event."""
    inner = {
        "id": f"{conversation}-{number}",
        "conversationId": f"group_room{conversation}",
        "sender": "ada",
        "receiver": f"room{conversation}",
        "receiverType": "group",
        "category": "message",
        "type": "text",
        "data": {"text": f"message {number}"},
        "sentAt": 1_800_000_000 + number,
        "updatedAt": 1_800_000_000 + number,
        **changes,
    }
    return {
        "trigger": "message_sent",
        "data": {"message": inner},
        "appId": "app1",
        "webhook": "hook1",
    }


def by_conversation(accepted: Sequence[tuple[int, str]]) -> dict[str, list[str]]:
    """Accepted events, as (conversation, id) in the order of their answers, in lists by
    conversation.
    """
    lists: dict[str, list[str]] = defaultdict(list)
    for conversation, event in accepted:
        lists[str(conversation)].append(event)
    return lists
