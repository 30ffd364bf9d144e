"""`comethooks backup` and `restore`: everything is there again, or nothing was touched."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from comethooks.backup import making
from comethooks.workers.journal import Journal
from comethooks.workers.journal.copies import postgres_programs
from comethooks.workers.processes import is_alive
from comethooks.workers.settings.paths import restoring_dir
from comethooks.workers.settings.settings import Settings
from comethooks.workers.spool.places import open_spool
from tests.comethooks.cli.conftest import Command
from tests.comethooks.cli.store import Store
from tests.redis_server import RedisServer
from tests.scenarios.stack import children, command_of
from tests.servers import postgres_schema
from tests.tables import make_tables
from tests.waiting import wait_for
from tests.workers.spool.spools import spooled

NEEDS_ZSTD = pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd")


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a backup may be written."""
    return tmp_path_factory.mktemp("backups") / "kept.tar.gz"


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that nobody has used."""
    return tmp_path_factory.mktemp("restored") / "data"


@pytest.fixture
def kept(command: Command, store: Store, tmp_path: Path) -> Command:
    """The command, with something of everything that a deployment keeps."""
    store.journalled()
    (tmp_path / "credentials").write_text("comethooks:madeUpByUp\n")
    (tmp_path / "interaction-keys").write_text("k1:secretOfTwentyChars\n")
    (tmp_path / "bookmarks").mkdir()
    (tmp_path / "bookmarks" / "first.json").write_text("{}")
    (tmp_path / "plugins" / "package").mkdir(parents=True)
    (tmp_path / "plugins" / "mine.py").write_text("from comethooks import Plugin\n")
    (tmp_path / "plugins" / "package" / "words.txt").write_text("words")
    (tmp_path / "valkey").mkdir()
    (tmp_path / "valkey" / "appendonly.aof").write_text("what is on its way")
    rules = tmp_path / "elsewhere"
    rules.mkdir()
    (rules / "bad.txt").write_text("word\n")
    (rules / "rules.toml").write_text('[[rule]]\nname = "a"\nwords_file = "bad.txt"\n')
    command.environ["COMETHOOKS_MODERATION_RULES"] = str(rules / "rules.toml")
    command.environ["COMETHOOKS_MINE_TOKEN"] = "it's a \\ secret"
    return command


@pytest.mark.parametrize("suffix", [".tar.gz", pytest.param(".tar.zst", marks=NEEDS_ZSTD)])
def test_what_was_kept_is_there_again_for_its_owner_alone(
    kept: Command, archive: Path, empty: Path, tmp_path: Path, suffix: str
) -> None:
    """With the settings of then beside it, and without what is made again."""
    archive = archive.with_name(f"kept{suffix}")
    old_umask = os.umask(0)
    try:
        [made] = kept.json("backup", str(archive))
        assert made["waiting"] == {"redis": 0, "spool": 0}
        assert stat.S_IMODE(archive.stat().st_mode) == 0o600
        assert [path.name for path in archive.parent.iterdir()] == [archive.name]
        os.umask(0)
        elsewhere = {"COMETHOOKS_DATA_DIR": str(empty), "COMETHOOKS_MODERATION_RULES": ""}
        done = kept("restore", str(archive), "--yes", **elsewhere)
    finally:
        os.umask(old_umask)
    assert done.exit_code == 0, done.output
    assert f"COMETHOOKS_MODERATION_RULES={empty}/moderation/rules.toml" in done.stderr
    files = {
        str(path.relative_to(empty)): path for path in sorted(empty.rglob("*")) if path.is_file()
    }
    assert list(files) == [
        "bookmarks/first.json",
        "comethooks.db",
        "credentials",
        "interaction-keys",
        "moderation/bad.txt",
        "moderation/rules.toml",
        "plugins/mine.py",
        "plugins/package/words.txt",
        "settings-of-the-backup",
    ]
    for name in ("credentials", "interaction-keys", "plugins/mine.py", "bookmarks/first.json"):
        assert files[name].read_bytes() == (tmp_path / name).read_bytes()
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    folders = [empty, *(path for path in empty.rglob("*") if path.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    there, before = kept.json("events", "list", **elsewhere), kept.json("events", "list")
    assert there == before
    assert (
        "COMETHOOKS_MINE_TOKEN='it\\'s a \\\\ secret'"
        in files["settings-of-the-backup"].read_text()
    )


@pytest.mark.parametrize("suffix", [".tar.gz", pytest.param(".tar.zst", marks=NEEDS_ZSTD)])
def test_one_that_is_written_among_plugins_holds_no_backup(
    kept: Command, tmp_path: Path, suffix: str
) -> None:
    """Neither itself nor those before it. An archive that is none belongs to a plugin."""
    plugins = tmp_path / "plugins"
    (plugins / f"words{suffix}").write_bytes(b"of a plugin")
    for number in (1, 2, 1):
        [made] = kept.json("backup", str(plugins / f"kept{number}{suffix}"))
    restored = tmp_path / "restored"
    done = kept("restore", made["file"], "--yes", COMETHOOKS_DATA_DIR=str(restored))
    assert done.exit_code == 0, done.output
    names = sorted(path.name for path in (restored / "plugins").iterdir())
    assert names == ["mine.py", "package", f"words{suffix}"]


def test_what_is_in_redis_is_named_and_waited_for_when_asked(
    kept: Command, store: Store, archive: Path
) -> None:
    """Without a worker nothing is waited for, and no backup made."""
    store.accept()
    done = kept("backup", str(archive))
    assert "Not in it, as it was accepted and is not in the journal yet: 1 request in Redis." in (
        done.stderr
    )
    archive.unlink()
    refused = kept("backup", str(archive), "--drain", "--drain-limit", "500ms")
    assert refused.exit_code == 1
    assert "1 request in Redis waits for a worker: start `comethooks worker`" in refused.stderr
    assert list(archive.parent.iterdir()) == []


def test_what_is_in_the_spool_is_named_and_waited_for_when_asked(
    kept: Command, archive: Path
) -> None:
    """Its web process may be about to empty it."""
    folder = Settings.load(kept.environ).data_dir / "spool"
    kept.environ["COMETHOOKS_SPOOL_DIR"] = str(folder)  # wherever the tests have their folders
    with closing(open_spool(Settings.load(kept.environ))) as spool:
        spool.append([spooled(1), spooled(2)])
        done = kept("backup", str(archive))
        assert "is not in the journal yet: 2 requests in the spool." in done.stderr
        refused = kept("backup", str(archive), "--drain", "--drain-limit", "300ms")
    assert refused.exit_code == 1
    assert "2 requests in the spool wait still" in refused.stderr


def test_a_redis_that_is_away_is_no_reason_to_have_no_backup(kept: Command, archive: Path) -> None:
    """What it holds is not known, which is told."""
    away = {"REDIS_URL": "redis://127.0.0.1:1"}
    [made] = kept.json("backup", str(archive), **away)
    assert made["waiting"] == {"redis": None, "spool": 0}
    assert kept("backup", str(archive), "--drain", **away).exit_code == 1


def test_without_a_redis_that_was_ever_made_nothing_can_be_in_it(
    kept: Command, archive: Path, tmp_path: Path
) -> None:
    """As after a restore, or an import: there is nothing to be warned of, and nothing to wait
    for.
    """
    del kept.environ["REDIS_URL"]
    shutil.rmtree(tmp_path / "valkey")
    done = kept("backup", str(archive), "--json", "--drain")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["waiting"] == {"redis": 0, "spool": 0}
    assert "Redis" not in done.stderr


@pytest.mark.parametrize("name", ["kept.zip", "kept", ".tar.gz", "missing/kept.tar.gz"])
def test_a_name_that_is_none_of_a_backup_is_refused_in_a_sentence(
    kept: Command, archive: Path, name: str
) -> None:
    done = kept("backup", str(archive.parent / name))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    assert list(archive.parent.iterdir()) == []


def test_onto_data_nothing_is_touched(kept: Command, archive: Path, tmp_path: Path) -> None:
    """Neither onto a journal nor onto anything else; and what is elsewhere stays as it is."""
    kept("backup", str(archive))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = kept("restore", str(archive), "--yes")
    assert done.exit_code == 1
    assert "there is a journal in" in done.stderr
    (tmp_path / "comethooks.db").rename(tmp_path.parent / "moved.db")
    done = kept("restore", str(archive), "--yes")
    assert done.exit_code == 1
    assert "there is something in" in done.stderr
    (tmp_path.parent / "moved.db").rename(tmp_path / "comethooks.db")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    after.pop(tmp_path / "up.lock")
    assert after == before


def test_a_journal_alone_comes_to_where_the_rest_is(
    kept: Command, archive: Path, tmp_path: Path, redis_server: RedisServer, store: Store
) -> None:
    """What Redis holds is told, and that it is of this journal."""
    kept("backup", str(archive))
    before = kept.json("events", "list")
    store.accept()
    redis_server.client().set("comethooks:journal", "another")
    store.journal.close()
    for path in tmp_path.glob("comethooks.db*"):
        path.unlink()
    done = kept("restore", str(archive), "--yes", "--only", "journal")
    assert done.exit_code == 0, done.output
    assert "Redis still holds 1 request, which is journalled once workers run" in done.stderr
    assert "comethooks db adopt --yes" in done.stderr
    assert [each for each in kept.json("events", "list") if each["status"] != "queued"] == before


def test_files_alone_come_to_where_the_journal_is(
    kept: Command, archive: Path, tmp_path: Path
) -> None:
    """As long as none of them is there."""
    kept("backup", str(archive))
    refused = kept("restore", str(archive), "--yes", "--only", "files")
    assert refused.exit_code == 1
    assert "already: credentials, interaction-keys, bookmarks/first.json" in refused.stderr
    before = kept.json("events", "list")
    for name in ("credentials", "interaction-keys"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    for name in ("bookmarks", "plugins"):
        shutil.rmtree(tmp_path / name)
    done = kept("restore", str(archive), "--yes", "--only", "files")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "credentials").read_bytes() == b"comethooks:madeUpByUp\n"
    assert (tmp_path / "plugins" / "mine.py").exists()
    assert kept.json("events", "list") == before


def test_what_settings_name_elsewhere_and_is_there_is_left_as_it_is(
    kept: Command, archive: Path, empty: Path, tmp_path: Path
) -> None:
    """A plugin folder that was checked out again is newer than the backup's."""
    kept("backup", str(archive))
    plugins = tmp_path / "plugins"
    (plugins / "mine.py").write_text("# newer\n")
    elsewhere = {"COMETHOOKS_DATA_DIR": str(empty), "COMETHOOKS_PLUGIN_DIR": str(plugins)}
    done = kept("restore", str(archive), "--yes", **elsewhere)
    assert done.exit_code == 0, done.output
    assert f"{plugins}/mine.py was there already, and was left as it is." in done.stderr
    assert (plugins / "mine.py").read_text() == "# newer\n"


KILLED = """
import os, signal, sys
from comethooks.backup import restoring
from comethooks.cli import main

moved = restoring.move_file

def move(draft, target):
    if target.name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    moved(draft, target)

restoring.move_file = move
main(sys.argv[2:])
"""
"""Restores, and is killed when it is about to put that file in its place."""


@pytest.mark.parametrize("at", ["credentials", "settings-of-the-backup"])
def test_killed_at_any_moment_nothing_runs_until_it_was_run_again(
    kept: Command, archive: Path, empty: Path, at: str
) -> None:
    """And then all of it is there, from whichever archive."""
    kept("backup", str(archive))
    elsewhere = {"COMETHOOKS_DATA_DIR": str(empty), "COMETHOOKS_MODERATION_RULES": ""}
    done = subprocess.run(
        [sys.executable, "-c", KILLED, at, "restore", str(archive), "--yes"],
        env={**os.environ, **kept.environ, **elsewhere},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert restoring_dir(empty).exists()
    for refused in (("db", "upgrade"), ("events", "list"), ("worker",), ("web",), ("up",)):
        said = kept(*refused, **elsewhere)
        assert said.exit_code == 1
        assert "has begun and not ended; run it again" in said.stderr
    again = kept("restore", str(archive), "--yes", **elsewhere)
    assert again.exit_code == 0, again.output
    assert len(kept.json("events", "list", **elsewhere)) == 1
    assert not restoring_dir(empty).exists()


def test_a_backup_that_is_killed_leaves_what_the_next_one_takes_over(
    kept: Command, archive: Path
) -> None:
    """What it had begun is for its owner alone, and the one of before stays whole."""
    kept("backup", str(archive))
    before = archive.read_bytes()
    folder = archive.with_name(f".{archive.name}.making")
    folder.mkdir(mode=0o700)
    (folder / "journal").write_bytes(b"half")
    assert archive.read_bytes() == before
    assert kept("backup", str(archive)).exit_code == 0
    assert list(archive.parent.iterdir()) == [archive]


def test_two_backups_to_one_file_are_one_and_a_refusal(kept: Command, archive: Path) -> None:
    """Whoever comes second would write into the first one's draft."""
    with making._drafts(archive):
        done = kept("backup", str(archive))
    assert done.exit_code == 1
    assert "another backup is writing" in done.stderr


def test_a_link_in_the_place_of_its_drafts_is_not_followed(
    kept: Command, archive: Path, tmp_path: Path
) -> None:
    """In a folder where everybody may write, somebody may want what it leads to emptied."""
    archive.with_name(f".{archive.name}.making").symlink_to(tmp_path / "elsewhere")
    done = kept("backup", str(archive))
    assert done.exit_code == 1
    assert done.stderr.endswith(".making belongs to somebody else, or is a link\n")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


def test_a_disk_without_room_is_told_before_anything_is_touched(
    kept: Command, archive: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept("backup", str(archive))
    usage = shutil.disk_usage(archive.parent)._replace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    done = kept("restore", str(archive), "--yes", COMETHOOKS_DATA_DIR=str(empty))
    assert done.exit_code == 1
    assert "nothing was touched" in done.stderr
    assert not empty.exists()


def test_a_newer_journal_is_refused_before_anything_is_touched(
    kept: Command, store: Store, archive: Path, empty: Path
) -> None:
    """An older version could not read it."""
    with store.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert kept("backup", str(archive)).exit_code == 0
    done = kept("restore", str(archive), "--yes", COMETHOOKS_DATA_DIR=str(empty))
    assert done.exit_code == 1
    assert "revision 9999, which this version does not know" in done.stderr
    assert not empty.exists()


def test_a_journal_of_postgresql_comes_to_an_empty_database(
    command: Command, store: Store, archive: Path, empty: Path, postgres_server: str
) -> None:
    """By the same name of its schema; no password is in the list of processes, and onto tables
    nothing is touched.
    """
    with postgres_schema(postgres_server) as url:
        secret = url.replace("comethooks@", "comethooks:pa55word@")
        make_tables(secret)
        with closing(Journal.open(secret)) as journal:
            Store(store.streams, journal).journalled()
            before = journal.identity()
        postgres = {"DATABASE_URL": secret}
        made = command("backup", str(archive), "--json", **postgres)
        assert made.exit_code == 0, made.output
        schema = json.loads(made.stdout)["journal"]["schema"]
        elsewhere = {**postgres, "COMETHOOKS_DATA_DIR": str(empty)}
        assert (
            "already; nothing was touched"
            in command("restore", str(archive), "--yes", **elsewhere).stderr
        )
        assert not empty.exists()
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
        done = command("restore", str(archive), "--yes", **elsewhere)
        assert done.exit_code == 0, done.output
        with closing(Journal.open(secret)) as journal:
            assert journal.identity() == before
            journal.require_current()
        assert len(command.json("events", "list", **elsewhere)) == 1
        with tarfile.open(archive) as tar:
            dump = tar.extractfile("journal")
            assert dump is not None
            assert b"pa55word" not in dump.read()


def test_killed_while_the_database_is_filled_nothing_fills_it_later(
    command: Command, store: Store, archive: Path, empty: Path, postgres_server: str
) -> None:
    """`pg_restore` ends with the command, and the next one begins anew."""
    with postgres_schema(postgres_server) as url:
        make_tables(url)
        elsewhere = {"DATABASE_URL": url, "COMETHOOKS_DATA_DIR": str(empty)}
        [made] = command.json("backup", str(archive), DATABASE_URL=url)
        schema = made["journal"]["schema"]
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
        with psycopg.connect(url.replace("+psycopg", "")) as slow:
            slow.execute("CREATE TABLE alembic_version ()")  # which whoever restores waits for
            restoring = subprocess.Popen(
                [sys.executable, "-m", "comethooks.cli", "restore", str(archive), "--yes"],
                env={**os.environ, **command.environ, **elsewhere},
            )
            found: list[int] = []
            wait_for(
                lambda: found.extend(filling(restoring.pid)) or found, "the database is filled"
            )
            restoring.kill()
            restoring.wait()
            wait_for(lambda: not is_alive(found[0]), "pg_restore has ended")
            slow.rollback()
        done = command("restore", str(archive), "--yes", **elsewhere)
        assert done.exit_code == 0, done.output
        assert command.json("events", "list", **elsewhere) == []


def filling(pid: int) -> list[int]:
    """The processes of `pid` that fill a database, and do not only say their version."""
    return [child for child in children(pid) if "--single-transaction" in command_of(child)]


@pytest.mark.parametrize("again", [False, True])
def test_killed_after_the_database_was_filled_it_is_not_filled_again(
    command: Command,
    store: Store,
    archive: Path,
    empty: Path,
    postgres_server: str,
    tmp_path: Path,
    again: bool,
) -> None:
    """The next one puts the files in their places alone, however often it was killed."""
    (tmp_path / "credentials").write_text("comethooks:madeUpByUp\n")
    with postgres_schema(postgres_server) as url:
        make_tables(url)
        with closing(Journal.open(url)) as journal:
            Store(store.streams, journal).journalled()
        elsewhere = {"DATABASE_URL": url, "COMETHOOKS_DATA_DIR": str(empty)}
        [made] = command.json("backup", str(archive), DATABASE_URL=url)
        schema = made["journal"]["schema"]
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
        for _ in range(1 + again):
            killed = subprocess.run(
                [sys.executable, "-c", KILLED, "credentials", "restore", str(archive), "--yes"],
                env={**os.environ, **command.environ, **elsewhere},
                check=False,
            )
            assert killed.returncode == -signal.SIGKILL
        assert "has begun and not ended" in command("events", "list", **elsewhere).stderr
        done = command("restore", str(archive), "--yes", **elsewhere)
        assert done.exit_code == 0, done.output
        assert len(command.json("events", "list", **elsewhere)) == 1
        assert (empty / "credentials").exists()


SPYING = """#!/bin/sh
case "$*" in
  --version) exec {real} --version ;;
esac
{{ tr '\\0' ' ' < /proc/$$/cmdline; echo; }} >> {log}
exec {real} "$@"
"""
"""Stands before a program of PostgreSQL, and writes down how it was called."""


def test_no_password_is_in_the_list_of_processes(
    store: Store,
    command: Command,
    archive: Path,
    postgres_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor anything else of the address."""
    real = shutil.which("pg_dump")
    if real is None:
        pytest.skip("no pg_dump on the path")
    folder, log = archive.parent / "bin", archive.parent / "called"
    folder.mkdir()
    spy = folder / "pg_dump"
    spy.write_text(SPYING.format(real=real, log=log))
    spy.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with postgres_schema(postgres_server) as url:
        secret = url.replace("comethooks@", "comethooks:pa55word@")
        make_tables(secret)
        done = command("backup", str(archive), DATABASE_URL=secret)
    assert done.exit_code == 0, done.output
    called = log.read_text()
    assert "--dbname=service=comethooks" in called
    assert "pa55word" not in called
    assert not list(archive.parent.glob(".*"))


def test_a_pg_dump_that_is_too_old_says_which_is_needed(
    store: Store,
    command: Command,
    archive: Path,
    postgres_server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PostgreSQL's own refuses as well, and leaves half a file."""
    folder = archive.parent / "bin"
    folder.mkdir()
    old = folder / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(postgres_programs, "_PLACES", ())
    with postgres_schema(postgres_server) as url:
        make_tables(url)
        done = command("backup", str(archive), DATABASE_URL=url)
    assert done.exit_code == 1
    assert "or newer is needed; the one that is here is of version 9; install it" in done.stderr
    assert not archive.exists()
