"""Registering a webhook: what it is to be like, what has to be done for that, and doing it.

To do it again is harmless: what is right already is left alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Any

from comethooks.management import limits
from comethooks.management.answers import TriggerResult, Webhook
from comethooks.management.client import Management
from comethooks.management.errors import RefusedError
from comethooks.schemas import TRIGGERS, Sender

DEFAULT_ID = "comethooks"
_SPELLINGS = frozenset(("user_connection_status_change",))
"""Other spellings of a trigger in CometChat's documentation; on the wire it is called otherwise."""
_REFUSED_AS_A_WHOLE = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


class StepKind(StrEnum):
    """What is done to a webhook or to one of its triggers; `NONE`: the trigger is there already."""

    CREATE = "create"
    UPDATE = "update"
    ADD = "add"
    REMOVE = "remove"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a webhook is to be like.

    Without an `id`, the webhook that has this URL already is meant, or else `comethooks`. Without a
    `name`, one that exists keeps its own. `exact`: it delivers `triggers` and no others.
    """

    url: str
    user: str
    password: str = field(repr=False)
    triggers: Sequence[str]
    id: str | None = None
    name: str | None = None
    retry: bool = True
    exact: bool = False

    def check(self) -> None:
        """Raise `LimitError` when CometChat would not take it."""
        if self.id is not None:
            limits.check_id(self.id)
        if self.name is not None:
            limits.check_name(self.name)
        limits.check_url(self.url)
        limits.check_credential(self.user, self.password)


@dataclass(frozen=True, slots=True)
class RegistrationPlan:
    """What has to be done.

    The webhook is created or updated with `fields`, which hold the password. `changes` names the
    fields that differ at CometChat, and `untold` those that it does not tell. The password is
    always untold, so an update is sent even when nothing is known to differ. `twins` are the ids of
    other webhooks with the same URL: each of them delivers every event once more.
    """

    id: str
    url: str
    action: StepKind
    fields: dict[str, Any] = field(repr=False)
    changes: tuple[str, ...]
    untold: tuple[str, ...]
    add: tuple[str, ...]
    present: tuple[str, ...]
    remove: tuple[str, ...]
    left: tuple[str, ...]
    """Triggers that it delivers and that nobody asked for."""
    twins: tuple[str, ...]
    moved_from: str | None
    """The URL that it sent to until now, if that is another."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, or failed; `trigger` is None when it is the webhook itself."""

    action: StepKind
    trigger: str | None = None
    error: str | None = None


def registrable_triggers(*, legacy: bool) -> tuple[str, ...]:
    """The triggers that a webhook can deliver, of one generation."""
    sender = Sender.LEGACY if legacy else Sender.CURRENT
    return tuple(
        name
        for name, trigger in TRIGGERS.items()
        if sender in trigger.senders and trigger.seen and name not in _SPELLINGS
    )


def planned(wanted: Registration, api: Management) -> RegistrationPlan:
    """What has to be done for `wanted`. Reads what there is, and changes nothing.

    Raises `ManagementError`.
    """
    wanted.check()
    present = api.webhooks()
    found = _found(wanted, present)
    if found is None:
        limits.check_count(len(present))
        identifier, delivered, old = wanted.id or DEFAULT_ID, [], None
    else:
        identifier, delivered, old = found.id, api.triggers(found.id), api.webhook(found.id)
    fields = _fields(wanted, identifier, old)
    changes, untold = ((), ()) if old is None else _compared(fields, old)
    extra = tuple(each for each in delivered if each not in wanted.triggers)
    return RegistrationPlan(
        id=identifier,
        url=wanted.url,
        action=StepKind.CREATE if old is None else StepKind.UPDATE,
        fields=fields,
        changes=changes,
        untold=untold,
        add=tuple(each for each in wanted.triggers if each not in delivered),
        present=tuple(each for each in wanted.triggers if each in delivered),
        remove=extra if wanted.exact else (),
        left=() if wanted.exact else extra,
        twins=tuple(
            each.id for each in present if each.url == wanted.url and each.id != identifier
        ),
        moved_from=old.url if old is not None and old.url != wanted.url else None,
    )


def carry_out(plan: RegistrationPlan, api: Management) -> Iterator[Step]:
    """Do it. Each step is reported once it is done; of the triggers each has a result of its own.

    Raises `ManagementError`; what was done before stays done, and another plan continues there.
    """
    if plan.action is StepKind.CREATE:
        api.create(plan.fields | {"id": plan.id})
    else:
        api.update(plan.id, plan.fields)
    yield Step(plan.action)
    yield from (Step(StepKind.NONE, trigger) for trigger in plan.present)
    yield from _changed(StepKind.ADD, partial(api.add_triggers, plan.id), plan.add)
    yield from _changed(StepKind.REMOVE, partial(api.remove_triggers, plan.id), plan.remove)


def _changed(
    action: StepKind,
    change: Callable[[Sequence[str]], list[TriggerResult]],
    triggers: Sequence[str],
) -> Iterator[Step]:
    """All at once; where CometChat refuses that because of one, each by itself."""
    if not triggers:
        return
    try:
        for result in change(triggers):
            yield Step(action, result.trigger, None if result.success else result.message)
    except RefusedError as error:
        if error.status not in _REFUSED_AS_A_WHOLE:
            raise
        if len(triggers) == 1:
            yield Step(action, triggers[0], str(error))
            return
        for trigger in triggers:
            yield from _changed(action, change, (trigger,))


def _found(wanted: Registration, present: Sequence[Webhook]) -> Webhook | None:
    """The webhook that is meant, if any. Of several with its URL, the one with our id."""
    if wanted.id is not None:
        return next((each for each in present if each.id == wanted.id), None)
    ours = [each for each in present if each.id == DEFAULT_ID]
    same_url = [each for each in present if each.url == wanted.url]
    return next(iter([*(each for each in ours if each in same_url), *same_url, *ours]), None)


def _fields(wanted: Registration, identifier: str, old: Webhook | None) -> dict[str, Any]:
    return {
        "name": wanted.name or (old and old.name) or identifier,
        "webhookURL": wanted.url,
        "useBasicAuth": True,
        "username": wanted.user,
        "password": wanted.password,
        "enabled": True,
        "retryOnFailure": wanted.retry,
    }


def _compared(fields: dict[str, Any], old: Webhook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the fields that are otherwise, and of those that CometChat did not tell."""
    told = {
        "name": old.name,
        "webhookURL": old.url,
        "useBasicAuth": old.uses_basic_auth,
        "username": old.user,
        "enabled": old.enabled,
        "retryOnFailure": old.retry,
    }
    changes = tuple(
        name for name, value in told.items() if value is not None and value != fields[name]
    )
    return changes, tuple(name for name in fields if told.get(name) is None)
