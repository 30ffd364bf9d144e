"""The rules that moderation goes by, and a text as somebody would send it."""

from datetime import UTC, datetime

import click

from comethooks.cli import load_settings
from comethooks.workers.moderation.look import Look, Score, bounded
from comethooks.workers.moderation.rule import Rule
from comethooks.workers.moderation.rule_set import Rules
from comethooks.workers.moderation.rules_file import RulesFileError, read_rules
from comethooks.workers.settings.settings import NAMES


def rules_in_force() -> Rules:
    """The rules that the settings name, or those that ship with us. Ends the command with all that
    is wrong with them.
    """
    path = load_settings().moderation_rules
    try:
        return read_rules(path)
    except RulesFileError as error:
        lines = (f"  {line}" for line in error.problems)
        raise click.ClickException(
            "\n".join((f"{path} ({NAMES['moderation_rules']}) cannot be used:", *lines))
        ) from None


def look_at(
    text: str,
    *,
    user: str | None = None,
    role: str | None = None,
    group: str | None = None,
    app: str | None = None,
    score: Score | None = None,
) -> Look:
    """A text as a message of that user to that group, or to another user."""
    receiver_type = "user" if group is None else "group"
    given = {"sender": user, "receiver": group, "receiver_type": receiver_type, "app": app}
    known = {**given, "category": "message", "type": "text"}
    return Look(
        texts=tuple(bounded([text])),
        sender=user,
        roles=frozenset({role.lower()} if role else ()),
        group=group,
        app_id=app,
        at=datetime.now(UTC),
        values={name: (value,) for name, value in known.items() if value},
        score=score,
    )


def what_it_does(rule: Rule) -> str:
    """What is done about what a rule finds, in words."""
    flight = {"drop": "drop it in flight", "annotate": "annotate it in flight"}
    done = [flight[rule.in_flight]] if rule.in_flight in flight else []
    done += [f"{each} once it was sent" for each in rule.after]
    what = ", ".join(done) or "do nothing"
    return f"{what} (in shadow: it is only told)" if rule.shadow and done else what
