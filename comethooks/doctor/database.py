"""The journal's database: whether it answers, has this version's tables, and takes writes."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from comethooks.doctor.finding import Finding, Level
from comethooks.workers.journal import (
    UPGRADE,
    DatabaseFacts,
    Journal,
    JournalError,
    JournalOutdatedError,
    JournalUrlError,
    missing_file,
    sqlite_file,
)
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.settings.settings import NAMES, Settings

CONNECTION = "database.connection"
SCHEMA = "database.schema"
_OTHERS = 2
"""Processes with a pool beside the drainers: that of further attempts, and the scheduler."""
_USUAL_OTHERS = 2 * _OTHERS + 1
"""What they have, and one of a command."""


def check_database(settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    """Check the database of the settings. `embedded`: it is the one that `comethooks up` makes."""
    url = settings.database_url
    place = masked_url(url)
    try:
        missing = missing_file(url)
        if missing:
            yield _no_file(missing, embedded=embedded)
            return
        with closing(Journal.open(url)) as journal:
            facts = journal.facts()
            yield Finding(CONNECTION, Level.OK, f"{place} answers: {facts.name} {facts.version}")
            yield _schema(journal)
            file = sqlite_file(url)
            if file is not None:
                yield from _sqlite(facts, file)
                return
            yield from _postgres(facts)
            if not facts.pooled:
                yield connections(facts, settings)
    except JournalUrlError as error:
        yield Finding(CONNECTION, Level.WRONG, str(error))
    except JournalError as error:
        yield Finding(
            CONNECTION,
            Level.WRONG,
            f"{place} does not answer: {error}",
            f"start it, or mend {NAMES['database_url']}; until then events are kept in Redis and"
            " wait",
        )


def _no_file(file: Path, *, embedded: bool) -> Finding:
    level = Level.WARNING if embedded else Level.WRONG
    start = "start `comethooks up`, which makes it, or " if embedded else ""
    return Finding(CONNECTION, level, f"there is no database at {file} yet", f"{start}{UPGRADE}")


def _schema(journal: Journal) -> Finding:
    try:
        journal.require_current()
    except JournalOutdatedError as error:
        detail, _, advice = str(error).rpartition("; ")
        return Finding(SCHEMA, Level.WRONG, detail or advice, advice)
    return Finding(SCHEMA, Level.OK, "the tables are those of this version")


def _sqlite(facts: DatabaseFacts, file: Path) -> Iterator[Finding]:
    unwritable = [str(path) for path in (file.parent, file) if not os.access(path, os.W_OK)]
    if unwritable:
        advice = "let the user that runs comethooks write there: SQLite makes files beside its own"
        yield Finding(
            "database.directory",
            Level.WRONG,
            f"{' and '.join(unwritable)} cannot be written to",
            advice,
        )
    else:
        yield Finding("database.directory", Level.OK, f"{file.parent} can be written to")
    if facts.journal_mode == "wal":
        yield Finding("database.mode", Level.OK, "journal mode wal")
    else:
        yield Finding(
            "database.mode",
            Level.WARNING,
            f"journal mode {facts.journal_mode} instead of wal: readers and writers wait for each"
            " other",
            "keep it on a local disk; network file systems cannot do it",
        )


def _postgres(facts: DatabaseFacts) -> Iterator[Finding]:
    if facts.read_only:
        yield Finding(
            "database.writing",
            Level.WRONG,
            "it may only be read: a replica, or set so",
            f"set {NAMES['database_url']} to the primary",
        )
    else:
        yield Finding("database.writing", Level.OK, "it takes writes")
    if facts.pooled:
        detail = (
            "a pool is in front, so nothing is prepared on its server; batches cost more. How many"
            " may connect is up to the pool"
        )
        yield Finding("database.pool", Level.OK, detail)
    if off := " and ".join(facts.off):
        yield Finding(
            "database.durability",
            Level.WARNING,
            f"{off} off: a power cut may take what was just journalled, and Redis has forgotten it",
            f"set {off} to on",
        )
    else:
        yield Finding("database.durability", Level.OK, "what is committed is on disk")


def connections(facts: DatabaseFacts, settings: Settings) -> Finding:
    """Whether the server has as many connections as the processes of this host may open."""
    name = "database.connections"
    usual = settings.web_concurrency + 2 * settings.workers + _USUAL_OTHERS
    most = settings.web_concurrency + settings.database_pool * (settings.workers + _OTHERS)
    told = (
        f"{facts.connections} of {facts.most_connections} connections are open; the processes of"
        f" this host have up to {usual} as a rule, and never more than {most}"
    )
    if usual > facts.most_connections:
        return Finding(name, Level.WRONG, told, "raise max_connections, or put a pool in front")
    if most > facts.most_connections:
        return Finding(
            name,
            Level.WARNING,
            told,
            f"lower {NAMES['database_pool']}, which is {settings.database_pool}, or raise"
            " max_connections",
        )
    return Finding(name, Level.OK, told)
