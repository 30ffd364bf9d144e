"""What plugins that ship with us do beyond what a context gives to authors."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from comethooks.workers.handlers.context import Context
from comethooks.workers.handlers.emit import told_record

if TYPE_CHECKING:
    from comethooks.workers.journal import CaseJournal, InteractionJournal


class Inside:
    """The inside of a context."""

    def __init__(self, ctx: Context) -> None:
        outside = ctx._reached()
        self._ctx = ctx
        self._outside = outside
        self.services = outside.services

    @property
    def interactions(self) -> "InteractionJournal":
        """What is kept of interactive messages."""
        if self.services.interactions is None:
            raise RuntimeError("this context has no journal of interactive messages")
        return self.services.interactions

    @property
    def cases(self) -> "CaseJournal":
        """The cases of moderation."""
        if self.services.cases is None:
            raise RuntimeError("this context has no journal of cases")
        return self.services.cases

    def note(self, line: str) -> None:
        """Add a line to the effects of the run."""
        self._outside.effects.add(line)

    def emit(self, trigger: str, name: str, data: Mapping[str, Any], **facts: Any) -> str:
        """Make an event with a trigger of the table, and return its id.

        `facts` are those of the record: its id, which is the same however often it is made, its
        conversation and sender. No limit holds but that of the size. Raises what `Context.emit`
        does.
        """
        services = self.services
        record = told_record(
            self._outside.event,
            self._ctx.handler,
            trigger,
            name,
            data,
            facts=facts,
            received_at=services.clock(),
            max_body=services.max_body,
            drop_secrets=services.drop_secrets,
        )
        self._ctx._keep(record, data)
        return record.id
