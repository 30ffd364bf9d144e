"""`comethooks interactions show`: who did what with one message, and what of that counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from comethooks.browse.funnel import judged_users
from comethooks.cli.interactions.found_messages import (
    find_message,
    goal_of,
    message_document,
    title_of,
    trusted,
)
from comethooks.cli.terminal import filters, options
from comethooks.cli.terminal.details import print_section, print_text, print_title
from comethooks.cli.terminal.moments import moment, precise
from comethooks.cli.terminal.output import (
    Cell,
    Column,
    Item,
    Listing,
    ShortId,
    print_json,
    time_column,
    uid_column,
)
from comethooks.cli.terminal.stores import open_stores
from comethooks.workers.journal import StoredCompletion, StoredMessage, ToldPress, iso
from comethooks.workers.presses.forms import problems_in
from comethooks.workers.presses.goals import Judgement, NotCounted, Trusted, judge
from comethooks.workers.texts import without_secrets


@click.command(
    epilog=options.examples(
        "comethooks interactions show 57", "comethooks interactions show order-8 --app 2345abc"
    )
)
@click.argument("message", metavar="MESSAGE")
@filters.app
@filters.limit
@options.as_json
def show(message: str, app: str | None, limit: int | None, as_json: bool) -> None:
    """Show one interactive message, and who did what with it.

    It tells its goal, who completed it, who pressed what and when, what of that does not count and
    why, and which answers do not fit the form.

    MESSAGE is the message's id, or the muid that it was sent with.
    """
    with open_stores() as stores:
        found = find_message(stores, message, app)
        kept = stores.journal.interactions
        pressed = kept.presses([found]).get(found.key, ())
        completed = kept.completions([found]).get(found.key, ())
        shown = _Shown.of(found, pressed, completed, trusted(stores))
    if as_json:
        print_json(_document(shown, limit))
    else:
        _print(shown, limit)


@dataclass(frozen=True, slots=True)
class _Person:
    """A user, what the presses come to, and that the message is completed, if it is."""

    user: str
    judgement: Judgement
    completion: StoredCompletion | None

    @property
    def last_at(self) -> int:
        """When this user last did something that counts."""
        times = [each.at for each in self.judgement.interactions]
        return max(times, default=0 if self.completion is None else self.completion.at)


@dataclass(frozen=True, slots=True)
class _Made:
    """A press, what of it does not count, and what of it does not fit the form."""

    told: ToldPress
    left_out: Sequence[NotCounted]
    problems: Sequence[str]

    @property
    def counts(self) -> bool:
        """Whether any of it counts."""
        without = {each.element_id for each in self.left_out}
        return None not in without and not without.issuperset(self.told.press.elements)

    @property
    def why_not(self) -> str:
        """What does not count, and why; empty when all of it does."""
        return "; ".join(
            str(each.why) if each.element_id is None else f"{each.element_id}: {each.why}"
            for each in self.left_out
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is shown of a message: users and presses, the last ones first."""

    message: StoredMessage
    people: Sequence[_Person]
    made: Sequence[_Made]

    @classmethod
    def of(
        cls,
        message: StoredMessage,
        pressed: Sequence[ToldPress],
        completed: Sequence[StoredCompletion],
        trusted: Trusted,
    ) -> "_Shown":
        """All of it, worked out."""
        judged = judged_users(message, pressed, trusted)
        nobodys = [told.press for told in pressed if told.press.user is None]
        left_out: dict[str, list[NotCounted]] = {}
        for judgement in (*judged.values(), judge(message.facts, nobodys, trusted)):
            for each in judgement.left_out:
                left_out.setdefault(each.press.id, []).append(each)
        done = {each.user: each for each in completed}
        people = [
            _Person(user, judged.get(user, Judgement(completed=False)), done.get(user))
            for user in dict.fromkeys((*judged, *done))
        ]
        made = [
            _Made(
                told,
                left_out.get(told.press.id, ()),
                () if message.facts is None else problems_in(message.facts, told.press),
            )
            for told in pressed
        ]
        return cls(
            message,
            sorted(people, key=lambda each: (-each.last_at, each.user)),
            sorted(made, key=lambda each: (each.told.press.at, each.told.press.id), reverse=True),
        )


def _print(shown: _Shown, limit: int | None) -> None:
    message = shown.message
    print_title("Message", message.message_id, _facts(message))
    sections: Sequence[tuple[str, Listing[Any], Sequence[Any], str]] = (
        ("Users", _USERS, shown.people, "nobody has pressed anything on it"),
        ("Presses", _PRESSES, shown.made, "nobody has pressed anything on it"),
        ("Problems", _PROBLEMS, list(_problems(shown)), ""),
    )
    for title, listing, items, nothing in sections:
        if items:
            print_section(title)
            listing.print(items, as_json=False, limit=limit)
        elif nothing:
            print_section(title)
            print_text(f"    None: {nothing}.")


def _facts(message: StoredMessage) -> Iterator[tuple[str, Cell | None]]:
    facts = message.facts
    yield "app", message.app_id
    yield "muid", message.muid
    yield "category", message.category
    yield "kind", message.kind
    yield "title", title_of(message)
    yield "tags", ", ".join(message.tags)
    yield "conversation", message.conversation_id
    if facts is None:
        yield "goal", "not known: the message was not seen yet"
        return
    yield "sender", facts.sender
    yield "receiver", " ".join(filter(None, (facts.receiver_type, facts.receiver)))
    yield "sent", precise(message.sent_at)
    yield "goal", goal_of(message)
    yield "sender counts", "yes" if facts.allow_sender else None
    yield "deleted", "yes" if message.deleted else None
    yield "completed", f"by {message.completed} of {message.users} who pressed something"


def _problems(shown: _Shown) -> Iterator[tuple[_Made, str]]:
    return ((made, problem) for made in shown.made for problem in made.problems)


def _document(shown: _Shown, limit: int | None) -> dict[str, Any]:
    return {
        **message_document(shown.message),
        "by_user": [_person_document(each) for each in shown.people[:limit]],
        "made": [_press_document(each) for each in shown.made[:limit]],
    }


def _person_document(person: _Person) -> dict[str, Any]:
    done = person.completion
    return {
        "user": person.user,
        "completed_at": None if done is None else iso(done.at),
        "verified": person.judgement.verified if done is None else done.verified,
        "interactions": [
            {"element_id": each.element_id, "at": iso(each.at)}
            for each in person.judgement.interactions
        ],
    }


def _press_document(made: _Made) -> dict[str, Any]:
    told, press = made.told, made.told.press
    return {
        "id": press.id,
        "user": press.user,
        "user_from": told.user_from,
        "at": iso(press.at),
        "received_at": iso(told.received_at),
        "element_id": press.element_id,
        "elements": list(press.elements),
        "counts": made.counts,
        "left_out": [{"element_id": each.element_id, "why": each.why} for each in made.left_out],
        "problems": [without_secrets(each) for each in made.problems],
    }


def _user_row(person: _Person) -> tuple[Cell, ...]:
    done = person.completion
    verified = person.judgement.verified if done is None else done.verified
    return (
        person.user,
        "" if done is None else moment(done.at),
        "yes" if verified else "no",
        ", ".join(each.element_id for each in person.judgement.interactions),
    )


def _press_row(made: _Made) -> tuple[Cell, ...]:
    press = made.told.press
    return (
        moment(press.at),
        press.user or "",
        ", ".join(press.elements),
        "yes" if made.counts else "no",
        without_secrets(made.why_not),
        ShortId(press.id),
    )


def _problem_row(found: tuple[_Made, str]) -> tuple[Cell, ...]:
    made, problem = found
    return made.told.press.user or "", without_secrets(problem), ShortId(made.told.press.id)


def _listing(columns: Sequence[Column], row: Any) -> Listing[Item]:
    return Listing(columns=columns, row=row, document=lambda item: {}, nothing="")


_USERS: Listing[_Person] = _listing(
    (
        uid_column("USER"),
        time_column("COMPLETED"),
        Column("VERIFIED", spare=1),
        Column("INTERACTED WITH", folds_at=16, most=200),
    ),
    _user_row,
)
_PRESSES: Listing[_Made] = _listing(
    (
        time_column("AT"),
        uid_column("USER"),
        Column("ELEMENTS", folds_at=12, most=200),
        Column("COUNTS"),
        Column("WHY NOT", folds_at=16, most=200),
        Column("ID", spare=1),
    ),
    _press_row,
)
_PROBLEMS: Listing[tuple[_Made, str]] = _listing(
    (uid_column("USER"), Column("PROBLEM", folds_at=24), Column("ID", spare=1)), _problem_row
)
