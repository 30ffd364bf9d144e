"""`comethooks interactions answers`: what users entered into one form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from comethooks.browse.funnel import judged_users
from comethooks.cli.interactions.found_messages import find_message, trusted
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.moments import moment
from comethooks.cli.terminal.output import (
    Column,
    Listing,
    hint,
    time_column,
    uid_column,
)
from comethooks.cli.terminal.spreadsheets import as_csv_option, print_csv, require_one_form
from comethooks.cli.terminal.stores import open_stores
from comethooks.schemas import masked
from comethooks.workers.journal import StoredCompletion, StoredMessage, iso
from comethooks.workers.presses.goals import Judgement
from comethooks.workers.texts import dumps, plain

_ANSWER_WIDTH = 60


@click.command(
    epilog=options.examples(
        "comethooks interactions answers 57",
        "comethooks interactions answers 57 --csv > answers.csv",
    )
)
@click.argument("message", metavar="MESSAGE")
@filters.app
@as_csv_option
@filters.limit
@options.as_json
def answers(message: str, app: str | None, as_csv: bool, limit: int | None, as_json: bool) -> None:
    """Show what users entered into a form.

    Of each user that is the last answer to each element. MESSAGE is the message's id, or the muid
    that it was sent with. Only presses that count are
    shown. Secrets are masked. In CSV, a cell that a spreadsheet could take for a formula has a '
    in front.
    """
    require_one_form(as_csv=as_csv, as_json=as_json)
    with open_stores() as stores:
        found = find_message(stores, message, app)
        kept = stores.journal.interactions
        judged = judged_users(found, kept.presses([found]).get(found.key, ()), trusted(stores))
        done = {each.user: each for each in kept.completions([found]).get(found.key, ())}
    given = [
        _Given(user, judgement, done.get(user))
        for user, judgement in judged.items()
        if judgement.interactions
    ]
    given.sort(key=lambda each: (-each.at, each.user))
    elements = list(_elements(found, given))
    if as_csv:
        _print_csv(elements, given[:limit])
        return
    _listing(elements).print(given[:limit] if as_json else given, as_json=as_json, limit=limit)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a user answered, and when the message was completed by that, if it was."""

    user: str
    judgement: Judgement
    completion: StoredCompletion | None

    @property
    def at(self) -> int:
        """When the last thing was done that counts."""
        return max(each.at for each in self.judgement.interactions)

    @property
    def verified(self) -> bool:
        """Whether the user is known to belong to the conversation."""
        return self.judgement.verified

    @property
    def completed_at(self) -> int | None:
        """When the message was completed, if it was."""
        return None if self.completion is None else self.completion.at

    @property
    def answers(self) -> dict[str, Any]:
        """By element, without secrets."""
        shown: dict[str, Any] = masked(dict(self.judgement.answers))
        return shown


def _elements(message: StoredMessage, given: Sequence[_Given]) -> Iterator[str]:
    """The elements that somebody answered, in the order of the form."""
    answered = dict.fromkeys(name for each in given for name in each.judgement.answers)
    in_form = () if message.facts is None else message.facts.elements or ()
    yield from (name for name in in_form if name in answered)
    yield from (name for name in answered if name not in in_form)


def _text_of(answer: Any) -> str:
    """An answer as a cell: several values of one element stand beside each other."""
    if answer is None:
        return ""
    if isinstance(answer, list) and all(isinstance(each, str) for each in answer):
        return ", ".join(answer)
    return answer if isinstance(answer, str) else dumps(answer).decode()


def _print_csv(elements: Sequence[str], given: Sequence[_Given]) -> None:
    names = ("user", "at", "completed_at", "verified", *elements)
    print_csv(names, (_csv_row(elements, each) for each in given))
    if not given:
        hint(_NOTHING)


def _csv_row(elements: Sequence[str], given: _Given) -> tuple[str, ...]:
    answers = given.answers
    completed = "" if given.completed_at is None else iso(given.completed_at)
    known = (given.user, iso(given.at), completed, "yes" if given.verified else "no")
    return (*known, *(_text_of(answers.get(name)) for name in elements))


_NOTHING = "Nobody has pressed anything on it that counts."


def _listing(elements: Sequence[str]) -> Listing[_Given]:
    return Listing(
        columns=(
            uid_column("USER"),
            time_column("AT"),
            time_column("COMPLETED", spare=len(elements) + 2),
            Column("VERIFIED", spare=len(elements) + 1),
            # The last ones are left out first.
            *(
                Column(plain(name), spare=number, folds_at=12, most=_ANSWER_WIDTH)
                for number, name in enumerate(elements)
            ),
        ),
        row=lambda each: (
            each.user,
            moment(each.at),
            moment(each.completed_at),
            "yes" if each.verified else "no",
            *(_text_of(each.answers.get(name)) for name in elements),
        ),
        document=lambda each: {
            "user": each.user,
            "at": iso(each.at),
            "completed_at": None if each.completed_at is None else iso(each.completed_at),
            "verified": each.verified,
            "answers": each.answers,
        },
        nothing=_NOTHING,
    )
