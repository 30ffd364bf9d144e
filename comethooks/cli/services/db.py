"""`comethooks db`: looking after the database."""

import click

from comethooks.cli import load_settings
from comethooks.cli.services.data_directory import server_meanwhile
from comethooks.cli.services.parts import make_files_private, upgrade_database
from comethooks.cli.terminal.asking import ask, require_answer, yes_option
from comethooks.cli.terminal.output import hint
from comethooks.cli.terminal.stores import needing_redis, open_stores
from comethooks.workers.streams.owner import hand_over, owner_of


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database's schema up to date. Safe to run again, and by several at once."""
    make_files_private()
    upgrade_database(load_settings())
    hint("The database is up to date.")


@db.command("adopt")
@yes_option
def db_adopt(yes: bool) -> None:
    """Let this journal take over what is in Redis from another one.

    Redis remembers which journal its events end up in, so that two deployments on one Redis do not
    take each other's. Use this when the journal that it remembers is gone for good. The embedded
    server is started meanwhile, where `comethooks up` does not run it.
    """
    settings = load_settings()
    with server_meanwhile(settings), open_stores() as stores, needing_redis(settings):
        journal_id, owner = stores.journal.identity(), owner_of(stores.client)
        if journal_id is None or owner in (None, journal_id):
            hint("Redis remembers no other journal.")
            return
        require_answer("take it over", yes=yes)
        ask(f"Redis holds the events of the journal {owner}. Take them over?", yes=yes)
        hand_over(stores.client, journal_id)
    hint("What is in Redis is for this journal now.")
