"""What a database says of itself, for those who look whether it is set up as it should be."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

_DURABLE = ("fsync", "synchronous_commit")
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_MOST_CONNECTIONS = """
SELECT max(CASE name WHEN 'max_connections' THEN setting::int END)
  - coalesce(sum(CASE WHEN name <> 'max_connections' THEN setting::int END), 0)
FROM pg_settings
WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """A database: its name and version, and what may be wrong with it.

    `journal_mode` is SQLite's, empty for PostgreSQL. `read_only`, `off`, the settings without which
    a commit is not on disk, `pooled`, whether there is a pool in front, `connections`, how many
    there are, and `most_connections`, how many there may be of whom is no superuser, are
    PostgreSQL's.
    """

    name: str
    version: str
    journal_mode: str = ""
    read_only: bool = False
    off: tuple[str, ...] = ()
    pooled: bool = False
    connections: int = 0
    most_connections: int = 0


def facts_of(connection: Connection) -> DatabaseFacts:
    """What is known of the database behind `connection`."""
    version = ".".join(map(str, connection.dialect.server_version_info or ()))
    if connection.dialect.name == "sqlite":
        mode = str(connection.scalar(text("PRAGMA journal_mode"))).lower()
        return DatabaseFacts(name="SQLite", version=version, journal_mode=mode)
    return DatabaseFacts(
        name="PostgreSQL",
        version=version,
        read_only=connection.scalar(text("SHOW transaction_read_only")) == "on",
        off=tuple(name for name in _DURABLE if connection.scalar(text(f"SHOW {name}")) == "off"),
        pooled=getattr(connection.connection.driver_connection, "prepare_threshold", 0) is None,
        connections=int(connection.scalar(text(_CONNECTIONS)) or 0),
        most_connections=int(connection.scalar(text(_MOST_CONNECTIONS)) or 0),
    )


def time_of(connection: Connection) -> float:
    """What time it is for PostgreSQL, in seconds since the epoch."""
    return float(connection.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
