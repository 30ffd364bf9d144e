"""`comethooks forget`, with a server and a journal of its own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import update

from comethooks.workers.journal.tables.models import runs
from comethooks.workers.record import Record
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from comethooks.workers.spool.spooled import Spooled
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.redis_server import RedisServer
from tests.workers.journal.forgetting.people import (
    APP,
    OMAR,
    OTHER_APP,
    SECRET,
    ZOE,
    of_both,
    record,
    sent,
    settled,
)
from tests.workers.journal.samples import an_id

Forget = Callable[..., Result]


@pytest.fixture
def forget(command: Command) -> Forget:
    """`comethooks forget` of Omar, without being asked and without waiting."""
    return lambda *options, **variables: command(
        "forget", OMAR, "--app", APP, "--wait", "0", *options, **variables
    )


@pytest.fixture
def told(store: Store) -> Store:
    """A store with what two users did."""
    store.journal.write([*of_both()])
    return store


def told_of(done: Result) -> dict[str, object]:
    found: dict[str, object] = json.loads(done.stdout)
    return found


class TestForget:
    def test_counts_and_changes_nothing_in_a_dry_run(self, told: Store, forget: Forget) -> None:
        """The same rows that are changed then."""
        counted = told_of(forget("--dry-run", "--json"))
        again = told_of(forget("--dry-run", "--json"))
        changed = told_of(forget("--yes", "--json"))
        assert counted == again
        assert counted["tables"] == changed["tables"]
        assert counted["rows"] == changed["rows"] != 0

    def test_says_nothing_of_who_it_was(self, told: Store, forget: Forget) -> None:
        """Neither the uid nor the other name, which would tell one from the other."""
        for options in (("--dry-run",), ("--yes",), ("--yes", "--json")):
            done = forget(*options)
            assert done.exit_code == 0, done.output
            assert OMAR not in done.output
            assert "forgotten-" not in done.output

    def test_of_a_stranger_changes_no_row(self, told: Store, command: Command) -> None:
        """And is no failure."""
        done = command("forget", "nobody-12", "--app", APP, "--yes", "--json")
        assert (done.exit_code, told_of(done)["rows"]) == (0, 0)

    def test_says_how_uids_are_written(self, told: Store, command: Command) -> None:
        """CometChat makes capitals small, so one that has any is seldom right."""
        done = command("forget", "Nobody-12", "--app", APP, "--dry-run")
        assert "lower case" in done.stderr
        assert "lower case" not in command("forget", "nobody-12", "--app", APP, "--dry-run").stderr

    @pytest.mark.parametrize("uid", ["", "  ", "omar\udcff"])
    def test_of_nobody_is_a_mistake(self, told: Store, command: Command, uid: str) -> None:
        """An empty variable in a script would mean everything, or nothing."""
        for option in ("--yes", "--dry-run", "--check"):
            done = command("forget", option, "--app", APP, "--", uid)
            assert done.exit_code == 2
            assert "the uid is" in done.output

    def test_asks_first(self, told: Store, forget: Forget) -> None:
        """Where nobody can be asked it wants the answer on the line."""
        done = forget()
        assert done.exit_code == 2
        assert "--yes" in done.output

    def test_wants_an_app(self, told: Store, command: Command) -> None:
        """Two apps may have a user of the same uid."""
        assert command("forget", OMAR, "--yes").exit_code == 2

    def test_says_that_an_app_is_unknown(self, told: Store, command: Command) -> None:
        """Which a typing error would be: nobody is forgotten then."""
        told.journal.silences.note_heard({APP: 1})
        done = command("forget", OMAR, "--app", f"{APP}0", "--yes", "--wait", "0")
        assert done.exit_code == 0
        assert f"No event of the app {APP}0 was ever received; of {APP} some." in done.stderr
        assert "ever received" not in command("forget", OMAR, "--app", APP, "--dry-run").stderr

    def test_leaves_other_apps_alone(self, told: Store, forget: Forget, command: Command) -> None:
        """With a user of the same uid."""
        before = command.json("events", "show", an_id(6))
        forget("--yes")
        assert command.json("events", "show", an_id(6)) == before

    def test_names_what_waits(self, told: Store, forget: Forget) -> None:
        """What is in the streams is changed when it is journalled; without workers it is told."""
        waiting = record(9, sent(9, OMAR, ZOE, SECRET))
        told.streams.accept(waiting, duplicate_key=b"k" * 16, has_time=True)
        done = forget("--yes", "--json")
        assert (done.exit_code, told_of(done)["waiting"]) == (1, 1)
        told.journal.write([settled(waiting)])
        found = told.journal.event(waiting.id)
        assert found is not None
        assert found.body is not None
        assert OMAR.encode() not in found.body

    def test_names_runs_that_are_in_progress(self, told: Store, forget: Forget) -> None:
        """Their handlers have the bodies as they were."""
        with told.journal.engine.begin() as connection:
            mine = update(runs).where(runs.c.event_id == an_id(1), runs.c.handler == "a.b")
            given = {"state": "running", "claim": "h|b|1", "claimed_at": 1, "next_at": 2**41}
            connection.execute(mine.values(given))
        done = forget("--yes", "--json")
        assert (done.exit_code, told_of(done)["running"]) == (1, 1)
        assert "1 run of before is in progress" in done.stderr
        with told.journal.engine.begin() as connection:
            connection.execute(mine.values(state="done", claim=None, next_at=None))
        assert forget("--yes").exit_code == 0

    def test_rewrites_the_spool_and_bookmarks(
        self, told: Store, forget: Forget, tmp_path: Path
    ) -> None:
        """What waits on the disk, and samples of events that somebody kept."""
        folder = tmp_path / "elsewhere"
        bookmark = tmp_path / "bookmarks" / "sample.json"
        bookmark.parent.mkdir()
        bookmark.write_bytes(record(1, sent(1, OMAR, ZOE, "x")).body)
        _spool(folder, tmp_path, record(9, sent(9, OMAR, ZOE, SECRET)))
        done = forget("--yes", "--json", COMETHOOKS_SPOOL_DIR=str(folder))
        assert (told_of(done)["spooled"], told_of(done)["files"]) == (1, 1)
        kept = [
            path
            for path in tmp_path.rglob("*")
            if path.is_file() and "comethooks.db" not in path.name
        ]
        assert [path for path in kept if OMAR.encode() in path.read_bytes()] == []

    def test_leaves_bookmarks_of_other_apps(
        self, told: Store, forget: Forget, tmp_path: Path
    ) -> None:
        """And what backfills of those have come to."""
        bodies = {
            "bookmarks/theirs.json": record(6, sent(6, OMAR, ZOE, "x"), OTHER_APP).body,
            "bookmarks/mine.json": record(1, sent(1, OMAR, ZOE, "x")).body,
            "backfills/theirs.json": _backfill(OTHER_APP),
            "backfills/mine.json": _backfill(APP),
        }
        for name, body in bodies.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(body)
        assert told_of(forget("--yes", "--json"))["files"] == 2
        kept = {name for name in bodies if (tmp_path / name).read_bytes() == bodies[name]}
        assert kept == {"bookmarks/theirs.json", "backfills/theirs.json"}

    def test_goes_on_without_redis(self, told: Store, forget: Forget) -> None:
        """And says that it is to be given again."""
        done = forget("--yes", REDIS_URL="redis://localhost:1")
        assert done.exit_code == 1
        assert "Give the command again" in done.output


def _backfill(app_id: str) -> bytes:
    wanted = {"app_id": app_id, "since": 0, "until": 1, "sender": OMAR}
    return json.dumps({"wanted": wanted, "at": 1}).encode()


def _spool(folder: Path, data_dir: Path, *records: Record) -> None:
    settings = Settings.load(
        {
            "COMETHOOKS_DATA_DIR": str(data_dir),
            "COMETHOOKS_SPOOL_DIR": str(folder),
            "COMETHOOKS_BASIC_AUTH": "a:b",
        }
    )
    spool = open_spool(settings)
    assert spool is not None
    spool.append([Spooled(each) for each in records])
    spool.close()


class TestPlugins:
    def test_have_functions_that_are_called(
        self, told: Store, forget: Forget, folder: Callable[[str, str], Path], tmp_path: Path
    ) -> None:
        """Each in a process of its own: one that fails is named, and the others run."""
        plugin = f"""
            import os
            from comethooks import Plugin
            plugin = Plugin("mine")

            @plugin.forget
            def dies(app_id, uid):
                os._exit(7)

            @plugin.forget
            def fails(app_id, uid):
                raise ValueError("cannot forget " + uid)

            @plugin.forget
            def notes(app_id, uid):
                open({str(tmp_path / "noted")!r}, "w").write(app_id + " " + uid)
        """
        folder("mine.py", plugin)
        done = forget("--yes", "--json")
        assert done.exit_code == 1
        found = {each["function"]: each["error"] for each in told_of(done)["plugins"]}  # type: ignore[attr-defined]
        assert found["mine.notes"] is None
        assert "exit status 7" in found["mine.dies"]
        assert found["mine.fails"].startswith("ValueError: cannot forget <the uid>")
        assert (tmp_path / "noted").read_text() == f"{APP} {OMAR}"

    def test_that_are_not_loaded_are_named(
        self, told: Store, forget: Forget, folder: Callable[[str, str], Path]
    ) -> None:
        """What they keep is still there: one that is broken is a failure."""
        good = """
            from comethooks import Plugin
            plugin = Plugin("off")

            @plugin.forget
            def forget(app_id, uid): pass
        """
        folder("off.py", good)
        off = {"COMETHOOKS_DISABLED_PLUGINS": "off"}
        done = forget("--yes", "--json", **off)
        assert (done.exit_code, told_of(done)["not_asked"]) == (0, ["off"])
        folder("bad.py", "import no_such_module_anywhere")
        done = forget("--yes", "--json", **off)
        assert (done.exit_code, told_of(done)["not_asked"]) == (1, ["bad", "off"])
        assert "Plugin bad was not asked" in done.stderr
        assert "no_such_module_anywhere" in done.stderr

    def test_without_one_are_named(
        self, told: Store, forget: Forget, folder: Callable[[str, str], Path]
    ) -> None:
        """If they seem to keep something."""
        keeps = """
            import sqlite3
            from comethooks import Plugin
            plugin = Plugin("keeps")

            @plugin.on("message.sent")
            def note(event, ctx): sqlite3.connect(":memory:")
        """
        once = """
            from comethooks import Plugin
            plugin = Plugin("once")

            @plugin.on("message.sent")
            def note(event, ctx):
                with ctx.once("a"): pass
        """
        nothing = """
            from comethooks import Plugin
            plugin = Plugin("nothing")

            @plugin.on("message.sent")
            def note(event, ctx): pass
        """
        for name, code in (("keeps", keeps), ("once", once), ("nothing", nothing)):
            folder(f"{name}.py", code)
        done = forget("--yes", "--json")
        assert told_of(done)["without_a_function"] == ["keeps", "once"]


class TestCheck:
    def test_says_where(self, told: Store, forget: Forget) -> None:
        """And ends with 1; afterwards, that it stands nowhere."""
        before = forget("--check", "--json")
        assert before.exit_code == 1
        found = told_of(before)
        assert found["journal"]["events.body"] == 4  # type: ignore[index]
        forget("--yes")
        after = forget("--check")
        assert after.exit_code == 0, after.output
        assert "Found nowhere" in after.stdout

    @pytest.mark.parametrize("uid", ["42", "a", "message", "message_sent", APP, "hikers-2"])
    def test_is_clean_of_whoever_was_forgotten(
        self, store: Store, command: Command, uid: str
    ) -> None:
        """Also of a user who is called like an app, a group, a message or a kind of it."""
        others = sent(42, ZOE, "hikers-2", "42 a message", metadata={"a": "42"})
        message = others["data"]["message"]
        message |= {"receiverType": "group", "conversationId": "group_hikers-2"}
        del message["data"]["entities"]
        both = [record(1, sent(1, uid, ZOE, SECRET)), record(2, others)]
        store.journal.write([settled(each) for each in both])
        assert command("forget", uid, "--app", APP, "--check").exit_code == 1
        assert command("forget", uid, "--app", APP, "--wait", "0", "--yes").exit_code == 0
        checked = command("forget", uid, "--app", APP, "--check")
        assert checked.exit_code == 0, checked.output
        found = store.journal.event(both[1].id)
        assert found is not None
        assert found.body == both[1].body

    def test_looks_through_redis_and_files(
        self, told: Store, forget: Forget, tmp_path: Path
    ) -> None:
        """Whatever holds it, whoever wrote that."""
        forget("--yes")
        told.streams.accept(
            record(9, sent(9, OMAR, ZOE, SECRET)), duplicate_key=b"k" * 16, has_time=True
        )
        (tmp_path / "state.txt").write_text(f"seen={OMAR}")
        (tmp_path / "other.txt").write_text(f"seen={OMAR}1")
        found = told_of(forget("--check", "--json"))
        assert found["redis"] == {"events": 1}
        assert found["files"] == {str(tmp_path / "state.txt"): 1}

    def test_finds_what_is_in_free_space(self, told: Store, forget: Forget, tmp_path: Path) -> None:
        """Of the file of SQLite, where no row points to."""
        forget("--yes")
        with told.journal.engine.begin() as connection:
            ids = (an_id(6), an_id(7))
            connection.exec_driver_sql("DELETE FROM events WHERE id IN (?, ?)", ids)
            connection.exec_driver_sql("DELETE FROM blocks")
            connection.exec_driver_sql("DELETE FROM figure_deltas")
        told.journal.forgetting.empty_free_space(vacuum=True)
        assert forget("--check").exit_code == 0
        with (tmp_path / "comethooks.db").open("ab") as file:
            file.write(OMAR.encode())
        done = forget("--check", "--json")
        assert done.exit_code == 1
        assert "--vacuum" in next(iter(told_of(done)["files"]))  # type: ignore[call-overload]


def test_the_append_only_file_loses_it(
    command: Command, store: Store, forget: Forget, own_redis_server: RedisServer
) -> None:
    """It has what was deleted, until it is written anew."""
    client = own_redis_server.client()
    client.set("comethooks:probe", OMAR)
    client.delete("comethooks:probe")
    assert any(OMAR.encode() in path.read_bytes() for path in _files(own_redis_server))
    assert forget("--yes", REDIS_URL=own_redis_server.url).exit_code == 0
    assert not any(OMAR.encode() in path.read_bytes() for path in _files(own_redis_server))


def _files(server: RedisServer) -> list[Path]:
    folder = Path(server.client().config_get("dir")["dir"])
    return [path for path in folder.rglob("*") if path.is_file()]


def test_export_hands_over_everything_about_a_person(told: Store, command: Command) -> None:
    """What the user did, and what others did that the user is in; another import has the same."""
    mine = [json.loads(line) for line in _export(command).splitlines()]
    assert [each["id"] for each in mine] == [an_id(1), an_id(5)]
    all_of_it = _export(command, "--include-mentions")
    assert [json.loads(line)["id"] for line in all_of_it.splitlines()] == [
        an_id(number) for number in (1, 2, 3, 5)
    ]
    assert command("events", "export", "--include-mentions").exit_code == 2


def _export(command: Command, *options: str) -> str:
    done = command("events", "export", "--user", OMAR, "--app", APP, *options)
    assert done.exit_code == 0, done.output
    return done.stdout
