"""What calls are made for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """A handler (`plugin.function`), on an event of an app."""

    app_id: str | None
    event_id: str
    handler: str

    @property
    def plugin(self) -> str:
        """The plugin of the handler."""
        return self.handler.partition(".")[0]
