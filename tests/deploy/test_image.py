"""The image: what it is made of, how it looks after itself and, where a registry can be reached,
the image itself.
"""

import functools
import http.server
import re
import runpy
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx
import pytest

from comethooks.workers.settings.addresses import parse_bindings
from tests.redis_server import running_server
from tests.scenarios.stack import PASSWORD, USER, free_port, message
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()
HEALTHCHECK = ROOT / "deploy/healthcheck.py"
MOST_MB = 150
BUILD_SECONDS = 1200

Run = Callable[..., str]


def what_is_needed_by(name: str) -> set[str]:
    """A distribution and all that it needs, by the names that a lock has."""
    found = {name.lower().replace("_", "-")}
    for line in distribution(name).requires or []:
        needed, _, condition = line.partition(";")
        if "extra" not in condition and "python_version" not in condition:
            found |= what_is_needed_by(re.split(r"[<>=!~ \[]", needed)[0])
    return found


def test_what_builds_the_wheel_is_installed_with_all_that_it_needs() -> None:
    """With hashes, so nothing may be missing from the list."""
    (listed,) = re.findall(r"/\^\(([a-z|-]+)\)==/", DOCKERFILE)
    assert set(listed.split("|")) == what_is_needed_by("hatchling") | {"editables"}


def test_what_is_copied_into_the_image_is_let_through_and_nothing_else() -> None:
    """No `.env` and no data of anybody's gets into a layer."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[lines.index("*") - 1].startswith("#")
    let_through = {line[1:] for line in lines if line.startswith("!")}
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {name for line in copies for name in line.split()}
    assert let_through == copied
    assert all((ROOT / name).exists() for name in copied)


class _Answering(http.server.BaseHTTPRequestHandler):
    """Answers every request with the same status."""

    def __init__(self, status: int, *arguments: Any) -> None:
        self._status = status
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self.send_response(self._status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port of a server that answers so."""
    handler = functools.partial(_Answering, status)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def healthcheck() -> dict[str, Any]:
    """What the program is made of."""
    return runpy.run_path(str(HEALTHCHECK))


@pytest.mark.parametrize("status, code", [(200, 0), (503, 1)])
def test_a_container_is_healthy_when_its_web_process_answers_so(
    healthcheck: dict[str, Any], status: int, code: int
) -> None:
    """With 200, and with nothing else."""
    with answering(status) as port:
        command = b"python\0/opt/comethooks/bin/comethooks\0web\0"
        assert healthcheck["health"](command, {"COMETHOOKS_BIND": f"0.0.0.0:{port}"}) == code


def test_a_container_is_not_healthy_when_nobody_listens(healthcheck: dict[str, Any]) -> None:
    """Unless it is one of workers, who never do."""
    nobody = {"COMETHOOKS_BIND": f"127.0.0.1:{free_port()}"}
    assert healthcheck["health"](b"comethooks\0up\0", nobody) == 1
    assert healthcheck["health"](b"comethooks\0worker\0", nobody) == 0


@pytest.mark.parametrize(
    "bind, port", [("0.0.0.0:81", None), ("[::]:81", None), ("[::1]", "82"), ("localhost", "82")]
)
def test_it_asks_where_the_web_process_listens(
    healthcheck: dict[str, Any], bind: str, port: str | None
) -> None:
    """By the same settings, which it reads by itself."""
    environ = {"COMETHOOKS_BIND": bind, **({"PORT": port} if port else {})}
    host, found = healthcheck["address"](environ)
    (binding,) = parse_bindings(bind)
    assert found == binding.at(int(port or 8000)).port
    assert host.strip("[]") == {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(binding.host, binding.host)


@pytest.fixture(scope="module")
def docker() -> Run:
    """Runs `docker` with some arguments: what it prints."""
    if shutil.which("docker") is None:
        pytest.skip("no docker here")

    def run(*arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=BUILD_SECONDS,
        )
        assert done.returncode == 0 or not check, done.stdout + done.stderr
        return done.stdout.strip()

    if not run("version", "--format", "{{.Server.Version}}", check=False):
        pytest.skip("docker has no daemon here")
    return run


@pytest.fixture(scope="module")
def image(docker: Run) -> str:
    """The image, as it is built from this tree."""
    for base in re.findall(r"^ARG \w+_BASE=(\S+)", DOCKERFILE, re.MULTILINE):
        if not docker("image", "inspect", base, check=False).startswith("[{"):
            docker("pull", base, check=False)
        if docker("image", "inspect", "--format", "{{.Id}}", base, check=False) == "":
            pytest.skip(f"{base} cannot be had here")
    docker("build", "-t", "comethooks-test", "-f", str(ROOT / "deploy/Dockerfile"), str(ROOT))
    return "comethooks-test"


@pytest.mark.attack
@pytest.mark.timeout(BUILD_SECONDS)
def test_the_image_is_small_and_runs_as_nobody_of_the_host(docker: Run, image: str) -> None:
    """And what could build something is not in it."""
    size, user = docker("image", "inspect", "--format", "{{.Size}} {{.Config.User}}", image).split()
    print(f"the image has {int(size) / 1e6:.0f} MB")
    assert int(size) < MOST_MB * 1e6
    assert user == "10001:10001"
    look = (
        "import shutil; from importlib.util import find_spec as f;"
        "print([n for n in ('pip', 'setuptools', 'hatchling', 'uv') if f(n)],"
        " [n for n in ('gcc', 'apt-get', 'curl', 'make', 'pip') if shutil.which(n)])"
    )
    assert docker("run", "--rm", "--entrypoint", "python3", image, "-c", look) == "[] []"


@pytest.mark.attack
@pytest.mark.timeout(BUILD_SECONDS)
@pytest.mark.parametrize("user", ["10001:10001", "23456:0"])
def test_an_event_goes_through_two_containers_that_can_write_nowhere(
    docker: Run, image: str, user: str
) -> None:
    """But where data are: no temporary directory, no home, no name for the user. They stop well."""
    port = free_port()
    names: list[str] = []

    def start(command: str, *options: str) -> str:
        settings = {
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "COMETHOOKS_BASIC_AUTH": f"{USER}:{PASSWORD}",
            "COMETHOOKS_BIND": f"127.0.0.1:{port}",
            "DATABASE_URL": "sqlite:////data/comethooks.db",
        }
        given = [word for item in settings.items() for word in ("-e", "=".join(item))]
        name = docker(
            *("run", "-d", "--network", "host", "--read-only", "--cap-drop", "ALL", "--user", user),
            *("--volume", "/data", *given, *options, image, command),
        )
        names.append(name)
        return name

    with running_server(port=(redis_port := free_port())):
        try:
            web, worker = start("web"), start("worker", "-e", "COMETHOOKS_WORKERS=1")
            # There is no shell that could do one after the other.
            docker("exec", worker, "comethooks", "db", "upgrade")
            url = f"http://127.0.0.1:{port}"

            def answers() -> bool:
                with suppress(httpx.HTTPError):
                    return httpx.get(f"{url}/healthz", timeout=1).status_code == 200
                return False

            wait_for(answers, "the web process answers")
            sent = httpx.post(f"{url}/webhooks", json=message(1, 1), auth=(USER, PASSWORD))
            assert sent.status_code == 200
            listing = ("exec", worker, "comethooks", "events", "list", "--json")
            done = '"status":"unhandled"'
            wait_for(lambda: done in docker(*listing).replace(": ", ":"), "it is journalled")
            state = ("inspect", "--format", "{{.State.Health.Status}}")
            wait_for(lambda: docker(*state, web) == "healthy", "it is healthy", seconds=60)
            assert docker("exec", worker, "python3", "-IS", "/opt/comethooks/healthcheck.py") == ""
            for name in (worker, web):
                docker("stop", "--time", "45", name)
                assert docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
                assert "Traceback" not in docker("logs", name)
        finally:
            for name in names:
                docker("rm", "--force", "--volumes", name, check=False)
