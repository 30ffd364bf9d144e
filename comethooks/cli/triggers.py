"""`comethooks triggers`: what is known of every trigger."""

from collections.abc import Iterator
from typing import Any

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_section, print_text, print_title
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.schemas import TRIGGERS, Form, Sender, Trigger
from comethooks.schemas.wire.cards import TOOL_CALL, TOOL_RESULT
from comethooks.workers.texts import meant

_COLUMNS = (
    Column("TRIGGER"),
    Column("NAME"),
    Column("SENT BY", folds_at=8),
    Column("FAMILY", spare=1),
)


@click.command(
    epilog=options.examples(
        "comethooks triggers --legacy",
        "comethooks triggers message_sent",
        "comethooks triggers user.presence",
    )
)
@click.argument("name", required=False)
@click.option("--legacy", "sender", flag_value="legacy", help="Only those of legacy webhooks.")
@click.option("--current", "sender", flag_value="current", help="Only those of current webhooks.")
@options.as_json
def triggers(name: str | None, sender: str | None, as_json: bool) -> None:
    """List the triggers that are known, or show one in full.

    NAME is a trigger or a canonical name. In full are shown: by what a repeat is recognised, what
    orders the events, and for each form in which a body may be written what it has to have and
    where it says what it is about. Of paths with | between them in JSON, one is enough.

    A trigger that is not here is accepted too, and counted: see `comethooks drift`.
    """
    sent = [
        entry for entry in TRIGGERS.values() if sender is None or Sender(sender) in entry.senders
    ]
    found = sent if name is None else [entry for entry in sent if name in _names(entry)]
    if not found:
        raise click.ClickException(_unknown(name or "", sent))
    if as_json:
        for entry in found:
            print_json(_document(entry))
    elif name is None:
        print_table(_COLUMNS, [_row(entry) for entry in found])
        hint("comethooks triggers NAME shows one in full.")
    else:
        for number, entry in enumerate(found):
            if number:
                print_text("")
            _print_whole(entry)


def _names(entry: Trigger) -> set[str]:
    """What an entry may be asked for by."""
    return {entry.name, *entry.names}


def _unknown(name: str, entries: list[Trigger]) -> str:
    known = sorted({name for entry in entries for name in _names(entry)})
    advice = meant(name, known) or "comethooks triggers lists those that there are"
    return f"no trigger and no canonical name is {name!r} here; {advice}"


def _row(entry: Trigger) -> tuple[Cell, ...]:
    return entry.name, entry.canonical or "", _senders(entry), entry.family.name


def _senders(entry: Trigger) -> str:
    return ", ".join(sender.value for sender in Sender if sender in entry.senders)


def _conversation(form: Form) -> str:
    """What orders the events of a form, in words."""
    family = form.family
    by = ["user" for _ in family.sender[:1]]
    by = [_word(form, name) for _, name in family.neighbours] or by
    return ", else ".join([*filter(None, [family.conversation]), *(f"by {each}" for each in by)])


def _repeat(entry: Trigger) -> str:
    """By what a repeat of an event is recognised, in words."""
    if entry.told_by:
        told = ", ".join(_word(entry.forms[0], name) for name in entry.told_by)
        return f"app, {told}; without {entry.told_by[0]} the body, for minutes"
    if not entry.own_times:
        return "the whole body, for minutes"
    times = " or ".join(_word(entry.forms[0], name) for name in entry.own_times)
    return f"the body but for who is online; without {times} the whole body, for minutes"


def _time(entry: Trigger) -> str:
    """Where an event says when it happened, in words."""
    form = entry.forms[0]
    names = dict.fromkeys((*entry.own_times, *form.family.occurred))
    return " or ".join(_word(form, name) for name in names if name in form.shape.subject)


def _word(form: Form, name: str) -> str:
    """A field for people: our word for it, or what bodies of the form call it."""
    if name in _WORDS:
        return _WORDS[name]
    keys = (path.rpartition(".")[2] for path in form.shape.subject[name].split("|"))
    return " or ".join(dict.fromkeys(keys))


_WORDS = {"session": "session", "uid": "user", "who": "user"}


def _document(entry: Trigger) -> dict[str, Any]:
    form = entry.forms[0]
    return {
        "trigger": entry.name,
        "name": entry.canonical,
        "renamed": dict(entry.renamed),
        "sent_by": [sender.value for sender in Sender if sender in entry.senders],
        "in_flight": entry.in_flight,
        "family": entry.family.name,
        "conversation": _conversation(form),
        "duplicate_key": _repeat(entry),
        "time": _time(entry),
        "keep": entry.keep.value,
        "forms": [_form(form) for form in entry.forms],
    }


def _form(form: Form) -> dict[str, Any]:
    return {
        "name": form.shape.name,
        "required": list(form.required),
        "subject": dict(form.shape.subject),
    }


def _print_whole(entry: Trigger) -> None:
    print_title("Trigger", entry.name, _facts(entry))
    for form in entry.forms:
        print_section(f"Form {form.shape.name}")
        envelope = [name for name in ("trigger", "data") if form.schema.fields[name].required]
        required = [("required", path) for path in (*envelope, *form.required)]
        rows = []
        for what, paths in (*required, *form.shape.subject.items()):
            first, *others = paths.split("|")
            rows += [(what, first), *(("", f"or {other}") for other in others)]
        print_table((Column("WHAT"), Column("WHERE", folds_at=32)), rows)


def _facts(entry: Trigger) -> Iterator[tuple[str, Cell | None]]:
    form = entry.forms[0]
    yield "name", entry.canonical
    for told, name in entry.renamed.items():
        what = (
            "of an agent's tool" if told in (TOOL_CALL, TOOL_RESULT) else "an action on a message"
        )
        yield f"  if {told}", f"{name}, when the message is {what}"
    yield "sent by", _senders(entry)
    yield "family", entry.family.name
    yield "conversation", _conversation(form) or "none"
    yield "the same event if equal", _repeat(entry)
    yield "time", _time(entry) or "none"
    yield "in flight", "yes: CometChat waits for the answer" if entry.in_flight else None
    yield "keep", entry.keep.value
