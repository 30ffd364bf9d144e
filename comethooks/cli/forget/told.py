"""What `forget` says of what it did. It never says who the user was, nor by which name."""

from collections.abc import Collection, Iterator
from typing import Any

import click

from comethooks.cli.forget.forgotten_things import Done
from comethooks.cli.terminal.output import hint, print_json
from comethooks.workers.forgetting.redis_left import Rewritten
from comethooks.workers.journal import iso
from comethooks.workers.texts import agreeing, number_of


def unless_heard(app_id: str, heard: Collection[str]) -> None:
    """That nothing was ever heard of an app: a uid in it is nobody's, which is no failure."""
    if heard and app_id not in heard:
        hint(f"No event of the app {app_id} was ever received; of {', '.join(sorted(heard))} some.")


def counted(found: Done, as_json: bool) -> None:
    """What would change."""
    if as_json:
        print_json({**_numbers(found), "dry_run": True})
        return
    _table(found)
    click.echo(f"{number_of(sum(found.tables.values()), 'row')} would change.")
    _troubles(found)


def would(found: Done) -> None:
    """The same, before it is asked whether to do it."""
    rows = sum(found.tables.values())
    hint(f"{number_of(rows, 'row')} would change{_besides(found)}:")
    for name, count in sorted(found.tables.items()):
        hint(f"  {name} {count}")


def done(found: Done, as_json: bool, now: int) -> None:
    """What was done, and what this command cannot do."""
    remarks = list(_remarks(found, now))
    if as_json:
        print_json({**_numbers(found), "dry_run": False, "remarks": remarks})
    else:
        _table(found)
        click.echo(f"{number_of(sum(found.tables.values()), 'row')} changed.")
    for remark in remarks:
        hint(remark)
    _troubles(found)


def _numbers(found: Done) -> dict[str, Any]:
    return {
        "rows": sum(found.tables.values()),
        "tables": dict(sorted(found.tables.items())),
        "waiting": found.waiting,
        "running": found.running,
        "spooled": found.spooled,
        "files": found.files,
        "plugins": [{"function": each.id, "error": each.error} for each in found.plugins],
        "not_asked": [each.plugin for each in found.unasked],
        "without_a_function": [each.plugin for each in found.keepers],
    }


def _table(found: Done) -> None:
    for name, count in sorted(found.tables.items()):
        click.echo(f"{name:24}{count:>10}")
    for name, count in (("in the streams", found.waiting), ("in the spool", found.spooled)):
        if count:
            click.echo(f"{name:24}{count:>10}")


def _besides(found: Done) -> str:
    places = ((found.waiting, "in the streams"), (found.spooled, "in the spool"))
    told = [f"{count} {where}" for count, where in places if count]
    return f", and {' and '.join(told)}" if told else ""


def _remarks(found: Done, now: int) -> Iterator[str]:
    for each in found.plugins:
        how = f"failed: {each.error}" if each.error else "did it"
        yield f"Plugin function {each.id} ({each.where}) {how}."
    for unasked in found.unasked:
        yield (
            f"Plugin {unasked.plugin} was not asked to forget what it keeps itself, since"
            f" {unasked.why}."
        )
    for keeper in found.keepers:
        yield (
            f"Plugin {keeper.plugin} may keep something, since {keeper.why}, and has no function"
            " that forgets users; give it one: @plugin.forget."
        )
    if found.waiting:
        events = number_of(found.waiting, "entry", "entries")
        yield (
            f"{events} of before {agreeing(found.waiting, 'waits', 'wait')} in the streams, and"
            " will be journalled without the user by `comethooks worker`: give this command again"
            " then, since Redis' files keep the user until it is."
        )
    if found.running:
        runs = number_of(found.running, "run")
        yield (
            f"{runs} of before {agreeing(found.running, 'is', 'are')} in progress, and may still"
            " write what their plugins keep: give this command again when they have ended."
        )
    yield from _of_database(found)
    yield from _of_log(found)
    yield (
        f"Backups, exports and copies of logs of before {iso(now)[:16]}Z may hold the user: delete"
        " them, and after a restore give this command again."
    )


def _of_database(found: Done) -> Iterator[str]:
    emptied = found.emptied
    if emptied is None:
        return
    if emptied.name == "PostgreSQL":
        yield (
            "PostgreSQL's write-ahead log, its archives and its replicas' keep what was there until"
            " they are recycled; so do pages, unless --vacuum is given."
        )
    elif not emptied.log_truncated:
        yield (
            "The write-ahead log of the journal could not be truncated, since somebody reads from"
            " it: give this command again."
        )


def _of_log(found: Done) -> Iterator[str]:
    if found.log in (Rewritten.NOT_ALLOWED, Rewritten.FAILED):
        why = "this user may not do that" if found.log is Rewritten.NOT_ALLOWED else "it failed"
        yield (
            f"Redis' append-only file was not written anew, since {why}: it keeps what was in the"
            " streams until somebody runs BGREWRITEAOF."
        )


def _troubles(found: Done) -> None:
    if found.redis_away:
        hint(f"Redis {found.redis_away}: what is there was not looked at. Give the command again.")
    if found.spool_trouble:
        hint(f"The spool was left as it is: {found.spool_trouble}")
