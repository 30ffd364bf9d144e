"""What `comethooks webhook register` asks for, and how it tells what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import click
import httpx
from rich.text import Text

from comethooks.cli.terminal.output import Cell, Column, hint, print_json, print_table
from comethooks.cli.webhook.asked_for import asked_for, offer, only_asked_for
from comethooks.doctor.public import endpoint
from comethooks.management import (
    Management,
    ManagementError,
    Registration,
    RegistrationPlan,
    Step,
    StepKind,
    carry_out,
    registrable_triggers,
)
from comethooks.schemas import TRIGGERS, Sender
from comethooks.workers.patterns import pattern_of
from comethooks.workers.settings.addresses import is_local, masked_url
from comethooks.workers.settings.settings import NAMES, Settings
from comethooks.workers.texts import meant, plain

_COLUMNS = (Column("WHAT", folds_at=32), Column("RESULT"), Column("DETAIL", folds_at=32))
_PAST = {
    StepKind.CREATE: "created",
    StepKind.UPDATE: "updated",
    StepKind.ADD: "added",
    StepKind.REMOVE: "removed",
    StepKind.NONE: "there already",
}


def registration(
    settings: Settings,
    *,
    url: str | None,
    triggers: Sequence[str],
    for_handlers: bool = False,
    legacy: bool,
) -> Registration:
    """What is asked for, with what the settings say: of the triggers those that `triggers`, which
    are patterns, mean or that plugins ask for, else all. Ends the command where CometChat could
    not send to it.
    """
    if not settings.basic_auth:
        raise click.ClickException(
            "there are no credentials that CometChat could send: start `comethooks up` once with"
            f" this COMETHOOKS_DATA_DIR, or set {NAMES['basic_auth']}=user:password"
        )
    known = registrable_triggers(legacy=legacy)
    chosen = tuple(dict.fromkeys(each for text in triggers for each in _meant(text, known, legacy)))
    first = settings.basic_auth[0]
    wanted = Registration(
        url=_address(url, settings),
        user=first.user,
        password=first.password,
        triggers=chosen or known,
    )
    if for_handlers:
        return replace(wanted, triggers=only_asked_for(asked_for(settings, known), chosen))
    if not triggers:
        offer(asked_for(settings, known), known)
    return wanted


def _meant(written: str, known: Sequence[str], legacy: bool) -> Sequence[str]:
    """The triggers among `known` that a pattern means. Ends the command as wrong use where there is
    none, unless it may be a trigger that is newer than this version.
    """
    if found := pattern_of(written).among(known):
        return found
    if any(written in (entry.name, entry.canonical) for entry in _ASKED_ELSEWHERE):
        raise click.BadParameter(
            f"{written} comes by no webhook: enter the URL of /moderation in the list of moderation"
            " that asks; see: comethooks webhook register --dry-run, and docs/http.md",
            param_hint="'--trigger'",
        )
    kind = "legacy" if legacy else "current"
    canonical = (TRIGGERS[each].canonical for each in known)
    advice = meant(written, (*known, *filter(None, canonical))) or "see: comethooks triggers"
    if not written or any(sign in written for sign in "*.:"):
        raise click.BadParameter(
            plain(f'no trigger of {kind} webhooks fits "{written}"; {advice}'),
            param_hint="'--trigger'",
        )
    hint(
        plain(
            f"Warning: {written} is no trigger of {kind} webhooks that is known here, and is asked"
            f" for; {advice}"
        )
    )
    return (written,)


_ASKED_ELSEWHERE = [each for each in TRIGGERS.values() if Sender.MODERATION in each.senders]


def warn(plan: RegistrationPlan) -> None:
    """Say what somebody may not expect of a plan."""
    if plan.twins:
        hint(
            plain(
                f"Warning: {', '.join(plan.twins)} sends to the same URL too, so that every event"
                " comes twice; "
            )
            + "see `comethooks webhook remove`."
        )
    if plan.moved_from:
        hint(
            plain(
                f"Warning: so far the webhook {plan.id} sends to {masked_url(plan.moved_from)};"
                " registering takes it from there. If that is another deployment of yours, give"
                " this one a webhook of its own with --id."
            )
        )
    if plan.left:
        hint(
            plain(
                "Not asked for, and left as they are (--exact removes them):"
                f" {', '.join(plan.left)}."
            )
        )


@dataclass(slots=True)
class Report:
    """Tells the steps of a plan: each at once as JSON, or all in a table."""

    plan: RegistrationPlan
    app_id: str
    dry_run: bool
    as_json: bool
    _rows: list[Sequence[Cell]] = field(default_factory=list)
    _failed: int = 0

    def foretell(self) -> bool:
        """Tell what would be done. Nothing of that has failed."""
        for step in _foreseen(self.plan):
            self._tell(step)
        self._end()
        return False

    def carry_out(self, api: Management) -> bool:
        """Do it and tell what came of it, also when it ends early. Whether a step failed."""
        try:
            for step in carry_out(self.plan, api):
                self._tell(step)
        except ManagementError:
            self._end()
            raise
        self._end()
        if self._failed:
            hint(
                f"Failed: {self._failed} of the triggers; CometChat's reasons are above. The rest"
                " is done."
            )
        elif not self.as_json:
            hint("`comethooks doctor --public-url` tries out whether CometChat's events arrive.")
        return bool(self._failed)

    def _tell(self, step: Step) -> None:
        self._failed += step.error is not None
        if self.as_json:
            print_json(self._document(step))
        else:
            self._rows.append(self._row(step))

    def _end(self) -> None:
        if self._rows:
            print_table(_COLUMNS, self._rows)

    def _document(self, step: Step) -> dict[str, Any]:
        return {
            "app_id": self.app_id,
            "webhook": self.plan.id,
            "url": self.plan.url,
            "trigger": step.trigger,
            "action": step.action.value,
            "changes": list(self.plan.changes) if step.trigger is None else [],
            "done": not self.dry_run and step.error is None,
            "error": step.error,
        }

    def _row(self, step: Step) -> tuple[Cell, ...]:
        if step.error is not None:
            return step.trigger or self.plan.id, Text("failed", style="bold red"), step.error
        planned = self.dry_run and step.action is not StepKind.NONE
        result = f"would be {_PAST[step.action]}" if planned else _PAST[step.action]
        if step.trigger is not None:
            return step.trigger, result, ""
        return f"webhook {self.plan.id}", result, _detail(self.plan)


def _detail(plan: RegistrationPlan) -> str:
    """The URL of a new webhook; of an old one, what about it is new."""
    if plan.action is StepKind.CREATE:
        return plan.url
    changed = (
        f"changed: {', '.join(plan.changes)}" if plan.changes else "nothing is known to differ"
    )
    return f"{changed}; sent again, as CometChat does not tell: {', '.join(plan.untold)}"


def _foreseen(plan: RegistrationPlan) -> Iterator[Step]:
    yield Step(plan.action)
    yield from (Step(StepKind.NONE, trigger) for trigger in plan.present)
    yield from (Step(StepKind.ADD, trigger) for trigger in plan.add)
    yield from (Step(StepKind.REMOVE, trigger) for trigger in plan.remove)


def _address(given: str | None, settings: Settings) -> str:
    """The URL that CometChat is to call: over HTTPS, and one that the world reaches."""
    try:
        url = endpoint(settings.public_url) if given is None else httpx.URL(given)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.path in ("", "/"):
        url = url.copy_with(path="/webhooks")
    if url.scheme == "https" and url.host and not is_local(url.host) and not url.userinfo:
        return str(url)
    if url.userinfo:
        problem = "has a user name in it; the credentials are those of the settings, leave it out"
    else:
        problem = (
            "is nothing that CometChat can call: it needs a public https:// address. Put a reverse"
            f" proxy with TLS or a tunnel in front of this service, and set {NAMES['public_url']}"
        )
    if given is not None:
        raise click.BadParameter(
            f"{url.copy_with(userinfo=b'')} {problem}, or --url", param_hint="'--url'"
        )
    raise click.ClickException(
        f"{NAMES['public_url']} is {masked_url(settings.public_url)}, which {problem}, or --url"
    )
