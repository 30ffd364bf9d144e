"""An interactive message that a command is about, and what is told of it."""

from typing import Any

import click

from comethooks.cli.terminal.stores import Stores
from comethooks.schemas import Message
from comethooks.schemas.event.cards import card_of
from comethooks.schemas.event.interactive import interactive_of
from comethooks.workers.journal import StoredMessage, iso
from comethooks.workers.presses.goals import Trusted
from comethooks.workers.settings.addresses import masked_url
from comethooks.workers.texts import without_secrets


def find_message(stores: Stores, identifier: str, app: str | None) -> StoredMessage:
    """The message with that id or muid; without one, or with several, the command ends and says
    why.
    """
    found = stores.journal.interactions.message(identifier, app)
    if not found:
        of_app = "" if app is None else f" of the app {app}"
        raise click.ClickException(
            f"no interactive message{of_app} has the id or muid {identifier}; looked in the journal"
            f" {masked_url(stores.settings.database_url)}, where a message is once a worker has"
            " seen it, or a press on it"
        )
    if len(found) > 1:
        apps = ", ".join(each.app_id for each in found)
        raise click.ClickException(
            f"{identifier} is a message of several apps: {apps}; say which with --app"
        )
    return found[0]


def trusted(stores: Stores) -> Trusted:
    """Whose presses count, as the settings of the plugin say."""
    # Not at the top, because no listing needs it.
    from comethooks.workers.interactions.goals_plugin import plugin
    from comethooks.workers.plugins.plugin_errors import ConfigError

    try:
        value: Trusted = plugin.load_config(stores.settings.environ).trust
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    return value


def title_of(message: StoredMessage) -> str:
    """What a reader sees first of a message; empty when it is not kept any more."""
    if message.wire is None:
        return ""
    view = Message(message.wire)
    interactive = interactive_of(view)
    if interactive is not None:
        return without_secrets(interactive.title)
    card = card_of(view)
    return "" if card is None else without_secrets(next(iter(card.texts()), card.fallback))


def goal_of(message: StoredMessage) -> str:
    """What completes a message, in words; empty until it is seen."""
    if message.facts is None:
        return ""
    goal = message.facts.goal
    return f"{goal.type} {', '.join(goal.element_ids)}".strip()


def message_document(message: StoredMessage) -> dict[str, Any]:
    """A message in a listing."""
    facts = message.facts
    return {
        "app_id": message.app_id,
        "message_id": message.message_id,
        "muid": message.muid,
        "conversation_id": message.conversation_id,
        "category": message.category,
        "kind": message.kind,
        "title": title_of(message) or None,
        "tags": list(message.tags),
        "sender": None if facts is None else facts.sender,
        "receiver_type": None if facts is None else facts.receiver_type,
        "receiver": None if facts is None else facts.receiver,
        "goal": None
        if facts is None
        else {"type": facts.goal.type, "element_ids": list(facts.goal.element_ids)},
        "sent_at": None if message.sent_at is None else iso(message.sent_at),
        "deleted": message.deleted,
        "presses": message.presses,
        "users": message.users,
        "completed": message.completed,
    }
