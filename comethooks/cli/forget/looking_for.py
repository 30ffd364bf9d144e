"""`comethooks forget --check`: where a uid still stands."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import click
from redis.exceptions import RedisError

from comethooks.cli.forget.forgotten_things import Asked
from comethooks.cli.terminal.output import hint, print_json
from comethooks.cli.terminal.stores import Stores, open_stores
from comethooks.schemas.forgotten_user import known_user, spellings
from comethooks.workers.forgetting.files_left import FileLeft, files_with
from comethooks.workers.forgetting.redis_left import remains_in_redis
from comethooks.workers.journal import sqlite_file
from comethooks.workers.streams.refusals import what_failed
from comethooks.workers.texts import number_of


@dataclass(slots=True)
class Found:
    """Where a uid stands: by place how often. `notes` are no reason to forget again."""

    journal: Counter[str] = field(default_factory=Counter)
    redis: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether it stands nowhere."""
        return not (self.journal or self.redis or self.files)


def look(asked: Asked) -> None:
    """Look everywhere, and say where; the command ends with 1 when it stands somewhere."""
    with open_stores() as stores:
        found = _found(stores, asked)
    if asked.as_json:
        places = {"journal": found.journal, "redis": found.redis, "files": found.files}
        told = {name: dict(sorted(each.items())) for name, each in places.items()}
        print_json({"clean": found.is_clean, **told, "notes": found.notes})
    else:
        for where, count in _lines(found):
            click.echo(f"{where:48}{count:>10}")
        for note in found.notes:
            hint(note)
        if found.is_clean:
            click.echo("Found nowhere.")
    if not found.is_clean:
        raise click.exceptions.Exit(1)


def _lines(found: Found) -> Iterator[tuple[str, int]]:
    places = (("journal", found.journal), ("redis", found.redis), ("file", found.files))
    for name, counts in places:
        for where, count in sorted(counts.items()):
            yield f"{name} {where}", count


def _found(stores: Stores, asked: Asked) -> Found:
    found, user = Found(), known_user(asked.uid, "forgotten")
    forgetting = stores.journal.forgetting
    remains = forgetting.remains(asked.app_id, asked.uid)
    would_change = forgetting.count(asked.app_id, asked.uid)
    found.journal = remains.named.copy()
    for table, rows in would_change.items():
        if not any(where.startswith(f"{table}.") for where in found.journal):
            found.journal[table] = rows
    if others := sum(remains.other_apps.values()):
        found.notes.append(
            f"{number_of(others, 'row')} of other apps have a user of this uid, and stay as they"
            " are."
        )
    if letters := sum(remains.letters.values()):
        found.notes.append(
            f"{number_of(letters, 'row')} have these letters in other words, which name nobody."
        )
    needles = [each.encode() for each in spellings(asked.uid)]
    try:
        found.redis = remains_in_redis(stores.client, needles, user)
    except (RedisError, OSError) as error:
        found.notes.append(f"Redis {what_failed(error)}: it was not looked through.")
    if sqlite_file(stores.settings.database_url) is None:
        found.notes.append(
            "PostgreSQL's files, its log and its replicas were not looked through: there"
            " rows stay as they were until they are written over (see forget --vacuum)."
        )
    in_rows = bool(remains.letters or remains.other_apps or found.journal)
    _files(found, stores, needles, is_word=user.is_word, in_rows=in_rows)
    return found


def _files(
    found: Found, stores: Stores, needles: list[bytes], *, is_word: bool, in_rows: bool
) -> None:
    settings = stores.settings
    database = sqlite_file(settings.database_url)
    folders = {settings.data_dir, *(() if settings.spool_dir is None else (settings.spool_dir,))}
    for folder in sorted(folders):
        for left in files_with(folder, needles, is_word=is_word):
            if database is not None and left.path.name.startswith(database.name):
                _of_database(found, left, in_rows=in_rows)
            elif left.as_word:
                found.files[str(left.path)] = left.as_word


def _of_database(found: Found, left: FileLeft, *, in_rows: bool) -> None:
    """What a file of SQLite holds that no row does any more."""
    if in_rows:
        found.notes.append(f"{left.path} holds rows with these letters, so it tells nothing more.")
    else:
        found.files[f"{left.path} (free space; forget with --vacuum)"] = left.times
