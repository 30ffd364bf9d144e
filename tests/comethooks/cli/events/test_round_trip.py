"""Export, import elsewhere, export: the same bytes, whatever was sent; hypothesis makes the
bodies.
"""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comethooks.files.json_lines import json_line
from comethooks.workers.ids import new_id
from comethooks.workers.settings.settings import Settings
from comethooks.workers.texts import dumps
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import START
from tests.comethooks.files.test_json_lines import stored
from tests.comethooks.files.test_json_lines_of_any_body import bodies
from tests.tables import make_tables

AWAY = {"REDIS_URL": "unix:///tmp/nobody-listens-here.sock"}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=st.lists(bodies, max_size=20))
def test_an_export_of_an_import_of_an_export_is_the_same_bytes(sent):
    """Each in a deployment of its own."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = [
            dumps(json_line(stored(body, id=new_id(), received_at=START + len(body))))
            for body in sent
        ]
        (directory / "sent.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        first = exported(deployment(directory / "a"), directory / "sent.jsonl")
        assert first.read_bytes().count(b"\n") == len(sent)
        second = exported(deployment(directory / "b"), first)
        assert second.read_bytes() == first.read_bytes()


def deployment(directory: Path) -> Command:
    """The command, with an empty journal in that directory."""
    directory.mkdir()
    environ = {"COMETHOOKS_DATA_DIR": str(directory), **AWAY}
    make_tables(Settings.load(environ).database_url)
    return Command(environ)


def exported(command: Command, file: Path) -> Path:
    """What is exported after an import of `file`."""
    output = Path(command.environ["COMETHOOKS_DATA_DIR"]) / "out.jsonl"
    for arguments in (("import", str(file)), ("export", "--output", str(output))):
        done = command("events", *arguments)
        assert done.exit_code == 0, done.output
    return output
