"""`comethooks plugins new`: a package that installs, is found, and whose own test passes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from comethooks.cli.plugins.scaffold import files_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A new plugin, made by the command itself in an empty folder."""
    here = tmp_path_factory.mktemp("here")
    done = subprocess.run(
        [sys.executable, "-m", "comethooks.cli", "plugins", "new", "night_watch"],
        cwd=here,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "night_watch_plugin\n"
    assert "python -m pytest" in done.stderr
    return here / "night_watch_plugin"


@pytest.fixture(scope="module")
def installed(made, tmp_path_factory):
    """A folder with it in it; on PYTHONPATH it is found like anything installed."""
    target = tmp_path_factory.mktemp("installed")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-index",
    ]
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--target", str(target), str(made)],
        check=True,
        timeout=120,
    )
    return target


def test_installed_it_is_found(installed, tmp_path):
    """By its entry point, loaded, with its handler."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
    environment["COMETHOOKS_DATA_DIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "comethooks.cli", "plugins", "list", "--json"],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    [found] = [
        plugin
        for plugin in map(json.loads, done.stdout.splitlines())
        if plugin["name"] == "night_watch"
    ]
    assert (found["state"], found["warnings"]) == ("loaded", [])
    assert found["origin"] == "entry point of comethooks-night-watch 0.1.0"
    assert found["where"] == str(installed / "night_watch_plugin" / "__init__.py")
    assert [handler["id"] for handler in found["handlers"]] == ["night_watch.notice"]


def own_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_its_own_tests_pass(made):
    """Without installing it."""
    done = own_tests(made)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_its_own_tests_fail_when_the_handler_is_wrong(made, tmp_path):
    """They assert something."""
    for path, text in files_of("night_watch").items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    module = tmp_path / "night_watch_plugin" / "__init__.py"
    module.write_text(module.read_text().replace(" in message.text", " not in message.text"))
    done = own_tests(tmp_path)
    assert done.returncode == 1
    assert "failed" in done.stdout


def test_it_is_written_as_ruff_would_have_it(made):
    """With the settings that it comes with."""
    for check in (("check", "--select=E,F,W,I,B,UP,SIM"), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--isolated", "--no-cache", "."],
            cwd=made,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "name", ["Night", "night-watch", "2night", "", "night watch", "../night", "nìght"]
)
def test_a_name_that_no_plugin_can_have_is_wrong_use(name, command, tmp_path, monkeypatch):
    """It says how one may be called, and makes nothing."""
    monkeypatch.chdir(tmp_path)
    done = command("plugins", "new", name)
    assert done.exit_code == 2
    assert "a name begins with a lower-case letter" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_stands_for_events_of_cometchat_is_wrong_use(command, tmp_path, monkeypatch):
    """What the plugin emits would be taken for them."""
    monkeypatch.chdir(tmp_path)
    done = command("plugins", "new", "message")
    assert done.exit_code == 2
    assert '"message.…" is what events of CometChat are called' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(command, tmp_path):
    """Even an empty folder: it is somebody's."""
    (tmp_path / "night_plugin").mkdir()
    done = command("plugins", "new", "night", "--dir", str(tmp_path))
    assert done.exit_code == 1
    assert f"{tmp_path}/night_plugin is there already" in done.stderr
    assert list((tmp_path / "night_plugin").iterdir()) == []


def test_another_place_is_made_when_it_is_not_there(command, tmp_path):
    """As JSON, the files are named."""
    [found] = command.json("plugins", "new", "night", "--dir", str(tmp_path / "new" / "place"))
    folder = tmp_path / "new" / "place" / "night_plugin"
    assert found == {"name": "night", "path": str(folder), "files": list(files_of("night"))}
    assert all((folder / path).is_file() for path in found["files"])


def test_a_place_where_nothing_can_be_made_is_a_failure(command, tmp_path):
    """With the reason."""
    (tmp_path / "file").write_text("")
    done = command("plugins", "new", "night", "--dir", str(tmp_path / "file" / "below"))
    assert done.exit_code == 1
    assert "cannot be made: Not a directory" in done.stderr
