"""`comethooks triggers`: what is known of every trigger."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import click

from comethooks.cli.terminal import options
from comethooks.cli.terminal.details import print_section, print_text, print_title
from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.schemas import TRIGGERS, Form, Sender, Trigger
from comethooks.workers.texts import near

_COLUMNS = (
    Column("TRIGGER"),
    Column("NAME"),
    Column("SENT BY", folds_at=8),
    Column("FAMILY", spare=1),
)
_WIDEST_FACT = 90


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
    return {name for name in (entry.name, entry.canonical, *entry.renamed.values()) if name}


def _unknown(name: str, entries: list[Trigger]) -> str:
    known = sorted({name for entry in entries for name in _names(entry)})
    close = near(name, known)
    meant = (
        f"did you mean {' or '.join(close)}?"
        if close
        else "comethooks triggers lists those that there are"
    )
    return f"no trigger and no canonical name is {name!r} here; {meant}"


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


def _repeat(form: Form) -> str:
    """By what a repeat of an event of a form is recognised, in words."""
    keys = []
    for names in form.family.repeats:
        is_brief = form.family.own_times_in(names) == ()
        words = ", ".join(_word(form, name) for name in names)
        keys.append(f"{words} (for minutes)" if is_brief else words)
    return "; else ".join(keys)


def _time(form: Form) -> str:
    """Where an event of a form says when it happened, in words."""
    return " or ".join(_word(form, name) for name in form.family.occurred)


def _word(form: Form, name: str) -> str:
    """A field for people: our word for it, or what bodies of the form call it."""
    if name == "content" and form.family.content is not None:
        return form.family.content.words
    if name in _WORDS:
        return _WORDS[name]
    keys = (path.rpartition(".")[2] for path in form.shape.subject[name].split("|"))
    return " or ".join(dict.fromkeys(keys))


_WORDS = {
    "conversation": "conversation",
    "session": "session",
    "since": "connection time",
    "uid": "user",
    "who": "user",
}


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
        "duplicate_key": _repeat(form),
        "time": _time(form),
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
    for action, name in entry.renamed.items():
        yield f"  if {action}", f"{name}, when the message is an action on a message"
    yield "sent by", _senders(entry)
    yield "family", entry.family.name
    yield "conversation", _conversation(form) or "none"
    label = "the same event if equal"
    for line in wrap(_repeat(form), _WIDEST_FACT):
        yield label, line
        label = ""
    yield "time", _time(form) or "none"
    yield "in flight", "yes: CometChat waits for the answer" if entry.in_flight else None
    yield "keep", entry.keep.value
