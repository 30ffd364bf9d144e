"""Everything works in a folder with modules named like ours, however comethooks got there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from comethooks.cli import main
from tests.scenarios.stack import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
NAMES = ("schemas", "workers", "webhooks")
"""What a Flask team has of its own more often than not."""
LIBRARIES = ("redis", "flask", "rq", "gunicorn", "structlog", "sqlalchemy", "tests")
"""What else a folder may hold that would hide something of ours from a process started in it."""
WHEEL, EDITABLE, CHECKOUT = "wheel", "editable install", "checkout"
MODULES, PACKAGES, FOLDERS = "modules", "packages", "folders without __init__.py"
LISTING = ("events", "list", "--json")
TRAP = 'raise RuntimeError(f"a process of ours took {__name__} from the current folder")\n'
TESTS = """
import schemas, webhooks, workers
from comethooks import Plugin

plugin = Plugin("greeter")


@plugin.on("message.sent")
def greet(event, ctx):
    ctx.log.info("hello")


def test_the_modules_are_those_of_the_team():
    assert {schemas.OWNER, webhooks.OWNER, workers.OWNER} == {"team"}
"""
TESTS_WITH_FIXTURE = """

def test_with_the_fixture(harness):
    assert harness.deliver(plugin, "message_sent").run.state == "done"
"""


EVERY_COMMAND = """
import contextlib

import click
from comethooks.cli import main

for name in main.list_commands(click.Context(main)):
    with contextlib.redirect_stdout(None):
        main([name, "--help"], standalone_mode=False)
    print(name)
"""


@dataclass(frozen=True)
class Installed:
    """One way in which comethooks is there: how it is called, and what its environment needs."""

    python: str
    command: Sequence[str]
    pytest: Sequence[str]
    environment: Mapping[str, str]


def environment_of(folder: Path) -> Path:
    """A virtual environment with the suite's libraries and nothing of ours; returns its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    own = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    # A path in a .pth file is searched, but .pth files in there are not read: ours stays out.
    Path(own, "00-libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def install(python: Path, *what: str) -> Installed:
    """Install `what` in the environment of `python`, from what is on this machine alone."""
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--ignore-installed", "--quiet", *what]
    subprocess.run(command, check=True, env={**os.environ, "PIP_NO_INPUT": "1"})
    script = str(python.with_name("comethooks"))
    return Installed(str(python), [script], [str(python), "-m", "pytest"], {})


@pytest.fixture(scope="module")
def known() -> dict[str, Installed]:
    """The ways in which a test of this module has asked for it; pytest may mix them."""
    return {}


@pytest.fixture
def installed(
    request: pytest.FixtureRequest,
    known: dict[str, Installed],
    tmp_path_factory: pytest.TempPathFactory,
) -> Installed:
    """The way that the test asks for."""
    if request.param not in known:
        known[request.param] = make(request.param, tmp_path_factory.mktemp("installed"))
    return known[request.param]


def make(way: str, folder: Path) -> Installed:
    """An environment in `folder` in which comethooks is there in that way."""
    python = environment_of(folder / "venv")
    if way == CHECKOUT:
        module = [str(python), "-P", "-m"]
        environment = {"PYTHONPATH": str(ROOT)}
        return Installed(str(python), [*module, "comethooks.cli"], [*module, "pytest"], environment)
    if way == EDITABLE:
        return install(python, "--editable", str(ROOT))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    [wheel] = folder.glob("*.whl")
    return install(python, str(wheel))


@pytest.fixture
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder of the kind that the test asks for, from which no process of ours may import."""
    folder = tmp_path / "team"
    folder.mkdir()
    for name in (*NAMES, *LIBRARIES):
        if request.param == MODULES:
            (folder / f"{name}.py").write_text(TRAP)
            continue
        (folder / name).mkdir()
        if request.param == PACKAGES:
            (folder / name / "__init__.py").write_text(TRAP)
    return folder


@pytest.fixture
def environ(installed: Installed, tmp_path: Path) -> dict[str, str]:
    """What a shell of the team has: no setting, but those that keep this test to itself."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COMETHOOKS")}
    settings = {
        "COMETHOOKS_DATA_DIR": str(tmp_path / "data"),
        "COMETHOOKS_WORKERS": "1",
        "PORT": str(free_port()),
        "WEB_CONCURRENCY": "1",
    }
    return {**own, **settings, **installed.environment}


@pytest.fixture
def running(
    installed: Installed, team: Path, environ: dict[str, str], tmp_path: Path
) -> Iterator[Path]:
    """`comethooks up`, started in the team's folder; the file that it logs to."""
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*installed.command, "up"], cwd=team, env=environ, stdout=output, stderr=output
        )
    try:
        wait_for(
            lambda: "comethooks is ready" in log.read_text() or process.poll() is not None,
            "up is ready",
        )
        assert process.poll() is None, log.read_text()
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()


@pytest.mark.parametrize(
    ("installed", "team"),
    [
        (WHEEL, MODULES),
        pytest.param(WHEEL, PACKAGES, marks=pytest.mark.attack),
        pytest.param(WHEEL, FOLDERS, marks=pytest.mark.attack),
        (EDITABLE, FOLDERS),
        (CHECKOUT, PACKAGES),
    ],
    indirect=True,
)
def test_up_web_and_workers_run_there(
    installed: Installed, team: Path, environ: dict[str, str], running: Path
) -> None:
    """An event goes all the way, through every kind of process, and none takes what is not ours."""

    def comethooks(*arguments: str) -> str:
        command = [*installed.command, *arguments]
        done = subprocess.run(command, cwd=team, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    comethooks("send", "after_message")
    # Asked here: the command of theirs would take longer to start than it has to wait.
    wait_for(
        lambda: '"unhandled"' in CliRunner().invoke(main, LISTING, env=environ).stdout,
        "the event is processed",
    )
    assert json.loads(comethooks(*LISTING))["status"] == "unhandled"
    comethooks("doctor", "--json")
    assert "a process of ours took" not in running.read_text()
    assert "Traceback" not in running.read_text()


@pytest.mark.parametrize("installed", [WHEEL, EDITABLE, CHECKOUT], indirect=True)
@pytest.mark.parametrize("team", [PACKAGES], indirect=True)
def test_every_command_can_be_called_there(
    installed: Installed, team: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    """Each is imported when it is asked for."""
    # As a script in a folder of its own, which is what the installed command is.
    script = tmp_path / "every_command.py"
    script.write_text(EVERY_COMMAND)
    command = [installed.python, str(script)]
    done = subprocess.run(command, cwd=team, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == main.list_commands(click.Context(main))


@pytest.mark.parametrize(
    ("installed", "kind"),
    [(WHEEL, PACKAGES), (EDITABLE, PACKAGES), (CHECKOUT, MODULES)],
    indirect=["installed"],
)
def test_pytest_runs_there_with_and_without_the_fixture(
    installed: Installed, environ: dict[str, str], tmp_path: Path, kind: str
) -> None:
    """The team's tests get the team's modules, and comethooks its own."""
    for name in NAMES:
        file = tmp_path / f"{name}.py" if kind == MODULES else tmp_path / name / "__init__.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text('OWNER = "team"\n')
    (tmp_path / "test_greeter.py").write_text(TESTS)
    (tmp_path / "test_greeter_with_fixture.py").write_text(TESTS + TESTS_WITH_FIXTURE)
    command = [*installed.pytest, "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
