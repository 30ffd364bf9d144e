"""Engines: how SQLite and PostgreSQL are opened, and what a transaction is in each."""

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from sqlite3 import OperationalError as SqliteBusyError
from typing import Any, cast

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from comethooks.workers.journal.errors import JournalUrlError
from comethooks.workers.journal.tables.sqlite_file import FileConnection, SqliteFile
from comethooks.workers.settings.server_urls import names_several_hosts, parse_database_url

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another one's SQLite transaction."""
_POSTGRES_CONNECT_S = 5
_EACH_HOST_CONNECT_S = 2
"""The same where several hosts are named: those that are gone are asked first, again and again."""
_READ_ONLY = "25006"
"""SQLSTATE of a write that the server does not take: it is a replica by now."""
_POSTGRES_SILENCE_MS = 15_000
"""After this long without an acknowledgement from PostgreSQL's host, the connection counts as
lost.
"""
APPLICATION = "comethooks"
"""What PostgreSQL is told of who is connected, unless the URL says something else."""
_ENCODING = "UTF8"
"""The one encoding of databases that holds every text; PostgreSQL's default where there is a
language.
"""
POOL = 10
"""The most connections that one process has at the same time, unless it is told another number."""
_KEPT = 2
"""How many of them stay open for whoever needs one next."""
_POOL_TIMEOUT_S = 10
_WRITES = "comethooks_writes"
_COUNTS = "comethooks_counts_figures"


def database_url(text: str) -> URL:
    """The URL of a journal. Raises `JournalUrlError` for what is no setting of one either."""
    try:
        return make_url(parse_database_url(text))
    except ValueError as error:
        raise JournalUrlError(f"DATABASE_URL cannot be used: {error}") from None


def sqlite_file(text: str) -> Path | None:
    """The file of a SQLite journal; None when it is PostgreSQL.

    Raises `JournalUrlError` when the URL cannot be used.
    """
    url = database_url(text)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def missing_file(text: str) -> Path | None:
    """The file of a SQLite journal that is not there.

    Raises `JournalUrlError` when the URL cannot be used.
    """
    file = sqlite_file(text)
    return file if file is not None and not file.exists() else None


def open_engine(text: str, *, durable: bool = True, make: bool = False, pool: int = POOL) -> Engine:
    """The engine for a journal's URL. It connects when it is first used, and has at most `pool`
    connections.

    A file of SQLite that is not `durable` waits for no disk. One that is not there is made only
    with `make`: in the place of one that was moved, it would get what belongs to that. Raises
    `JournalUrlError` when the URL cannot be used, or its driver is not installed.
    """
    url = database_url(text)
    limits = {
        "pool_size": _KEPT,
        "max_overflow": max(0, pool - _KEPT),
        "pool_timeout": _POOL_TIMEOUT_S,
    }
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, durable, make, limits)
    return _postgres(url, limits)


def for_writing(engine: Engine) -> Engine:
    """The same engine and pool; its transactions lock for writing when they begin."""
    return engine.execution_options(**{_WRITES: True})


def without_figures(engine: Engine) -> Engine:
    """The same engine and pool; what is written by it counts in no figures."""
    return engine.execution_options(**{_COUNTS: False})


def counts_figures(of: Engine | Connection) -> bool:
    """Whether what is written by an engine or its connection counts in figures."""
    return bool(of.get_execution_options().get(_COUNTS, True))


def _postgres(url: URL, pool: Mapping[str, int]) -> Engine:
    several = names_several_hosts(url.render_as_string(hide_password=False))
    patience = _EACH_HOST_CONNECT_S if several else _POSTGRES_CONNECT_S
    usual = {
        "connect_timeout": patience,
        "tcp_user_timeout": _POSTGRES_SILENCE_MS,
        "application_name": APPLICATION,
    }
    arguments = {name: value for name, value in usual.items() if name not in url.query}
    try:
        engine = create_engine(
            url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True, **pool
        )
    except ModuleNotFoundError:
        raise JournalUrlError(
            "PostgreSQL needs its driver; pip install 'comethooks[postgres]'"
        ) from None
    event.listen(engine, "connect", _refuse_other_encodings, insert=True)
    event.listen(engine, "connect", _prepare_if_alone)
    event.listen(engine, "handle_error", _leave_replica)
    return engine


def _leave_replica(context: ExceptionContext) -> None:
    """Close every connection when a server says that it may only be read: it was the primary when
    they were made, and it answers as before.
    """
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _refuse_other_encodings(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Before SQLAlchemy looks at the server, which SQL_ASCII makes fail: it gives bytes for texts.
    Other encodings lack most of what users write, so that whole events would be refused.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, _ENCODING):
        raise JournalUrlError(
            f"the database in DATABASE_URL is encoded in {encoding}, which cannot hold what users "
            f"write; name one in {_ENCODING}, made by: createdb -E {_ENCODING} -T template0 NAME"
        )


def _prepare_if_alone(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Do without prepared statements behind a pool such as PgBouncer, which may give the server's
    connection to somebody else after each transaction: what is prepared there by this name may then
    be another's statement.

    Such a pool makes up the process that a client is told. Without one, batches cost a quarter
    more where nothing is prepared.
    """
    with connection.cursor() as cursor:
        [pid] = cursor.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    if pid != connection.info.backend_pid:
        connection.prepare_threshold = None


def _sqlite(url: URL, durable: bool, make: bool, pool: Mapping[str, int]) -> Engine:
    # isolation_level None keeps the driver from opening transactions by itself; the listener below
    # does.
    arguments = {"timeout": BUSY_TIMEOUT_S, "isolation_level": None, "factory": FileConnection}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **pool)
    file = SqliteFile(Path(url.database or ""))
    event.listen(engine, "do_connect", partial(_before_connecting, file, make))
    event.listen(engine, "connect", partial(_configure, file, "FULL" if durable else "OFF"))
    event.listen(engine, "checkout", _check_out)
    event.listen(engine, "begin", _begin)
    return engine


def _before_connecting(
    file: SqliteFile,
    make: bool,
    _dialect: Dialect,
    _entry: ConnectionPoolEntry,
    arguments: list[Any],
    options: dict[str, Any],
) -> None:
    file.prepare()
    if not make and not options.get("uri"):
        arguments[0] = f"{file.path.as_uri()}?mode=rw"
        options["uri"] = True


def _check_out(connection: DBAPIConnection, *_: object) -> None:
    # Whoever gets a connection reads from what is there now.
    if not cast(FileConnection, connection).in_place:
        raise DisconnectionError


def _configure(
    file: SqliteFile, synchronous: str, connection: DBAPIConnection, _entry: ConnectionPoolEntry
) -> None:
    with closing(connection.cursor()) as cursor:
        _use_write_ahead_log(cursor.execute)
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        # What is deleted is to be gone; most systems build SQLite so. Where it would cost a write
        # of its own, forgetting somebody sees to it: see `workers.journal.forgetting.bytes_left`.
        if not cursor.execute("PRAGMA secure_delete").fetchone()[0]:
            cursor.execute("PRAGMA secure_delete=FAST")
        cursor.execute("PRAGMA user_version")  # reads, so that the log is there to be noted
    opened = cast(FileConnection, connection)
    opened.file, opened.inode = file, file.note()


def _use_write_ahead_log(execute: Callable[[str], Any]) -> None:
    # Of several processes that open a new file at once, all but one are told "locked", whatever the
    # time-out. Waiting for the write lock is waiting for that one; the file is then in the mode
    # already.
    try:
        execute("PRAGMA journal_mode=WAL")
    except SqliteBusyError:
        execute("BEGIN IMMEDIATE")
        execute("ROLLBACK")
        execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
