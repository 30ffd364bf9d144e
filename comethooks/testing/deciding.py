"""Has a plugin decide on a message in flight, as the web process would."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from comethooks.samples.fields import Fields
from comethooks.testing.bodies import WantedBody
from comethooks.testing.errors import HarnessError, UnhandledError
from comethooks.testing.reception import Reception
from comethooks.workers.deciding.combining import DeciderFailure, Fault, OnFailure, Ruling
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.plugin import Plugin
from comethooks.workers.record import Record

_BUDGET_MS = 800
"""What deciders have in a test that does not say."""
_SPARE_SECONDS = 30.0
"""How much longer than its budget a panel may take before something is wrong with it."""


class Decide:
    """Asks the deciders of plugins, each time with a panel of its own: nobody rests in a test."""

    def __init__(
        self,
        loaded: Callable[[Plugin, Mapping[str, Any] | None], Plugins],
        reception: Reception,
        services: DeciderServices,
    ) -> None:
        self._loaded = loaded
        self._reception = reception
        self._services = services

    def __call__(
        self,
        plugin: Plugin,
        trigger: str | None = None,
        *,
        config: Mapping[str, Any] | None = None,
        variant: str | None = None,
        bookmark: str | Path | None = None,
        body: Mapping[str, Any] | bytes | None = None,
        set: Mapping[str, Any] | None = None,
        budget_ms: int = _BUDGET_MS,
        on_failure: OnFailure | None = None,
        **fields: Unpack[Fields],
    ) -> Ruling:
        """Ask the deciders of `plugin` about a message in flight, and say what they decide.

        The message is asked for as in `deliver`; no handler gets it. Deciders have `budget_ms`, of
        real time. What one of them raises is raised here, unless `on_failure` says what becomes of
        the message then, as `COMETHOOKS_ON_DECISION_FAILURE` does.

        Raises `UnhandledError` when no decider is asked about the message, `HarnessError` when one
        is late or returns what is no decision, and otherwise what `deliver` does.
        """
        __tracebackhide__ = True
        plugins = self._loaded(plugin, config)
        wanted = WantedBody(
            trigger=trigger,
            bookmark=bookmark,
            body=body,
            changes=set,
            variant=variant,
            fields=fields,
        )
        record, _ = self._reception.receive(plugin, wanted)
        if not _is_decided_on(plugins, record):
            raise UnhandledError(_unasked(plugins, record))
        return self._ruling(plugins, record, budget_ms, on_failure)

    def decided(self, plugins: Plugins, record: Record) -> Record:
        """The record with what deciders say of it; as it is when none of them is asked."""
        __tracebackhide__ = True
        if not _is_decided_on(plugins, record):
            return record
        ruling = self._ruling(plugins, record)
        return replace(record, decision=ruling.decision, votes=ruling.votes)

    def _ruling(
        self,
        plugins: Plugins,
        record: Record,
        budget_ms: int = _BUDGET_MS,
        on_failure: OnFailure | None = None,
    ) -> Ruling:
        __tracebackhide__ = True
        panel = Panel(
            plugins.deciders,
            services=self._services,
            budget_ms=budget_ms,
            on_failure=on_failure or "allow",
        )
        try:
            ruling = panel.begin(record).result(budget_ms / 1000 + _SPARE_SECONDS)
        finally:
            panel.close()
        if on_failure is None and ruling.failures:
            _raise(ruling.failures[0])
        return ruling


def _is_decided_on(plugins: Plugins, record: Record) -> bool:
    return any(bound.decider.why_unwanted(record) is None for bound in plugins.deciders)


def _raise(failed: DeciderFailure) -> None:
    __tracebackhide__ = True
    if failed.fault is Fault.RAISED and isinstance(failed.error, Exception):
        raise failed.error
    raise HarnessError(
        f"{failed.decider} failed: {failed.text}. If that is right, say what is to become of the"
        ' message: on_failure="allow"'
    ) from failed.error


def _unasked(plugins: Plugins, record: Record) -> str:
    if not plugins.deciders:
        return "the plugin has no deciders: register one with @plugin.decide"
    deciders = (bound.decider for bound in plugins.deciders)
    told = (f"  {each.id} ({each.where}): {each.why_unwanted(record)}" for each in deciders)
    return "\n".join((f"no decider is asked about this {record.trigger}:", *told))
