"""What can go wrong when something is told, and what becomes of the run.

```
SinkError
├── NotTakenError     no answer, or none of success          tried again, as the sink's `retry` says
├── SinkBusyError     it asks for another attempt later      tried again then
├── SinkGoneError     it wants nothing any more (410)        the run is dead
├── NoServiceError    Apprise knows no such service          the run is dead
└── NobodyKnowsError  it may have been told, or not          the run is dead
```

No text holds an address: it may be all that it takes to tell somebody something.
"""

from comethooks.workers.plugins.retry import RetryLater, Stop


class SinkError(Exception):
    """The base of all."""


class NotTakenError(SinkError):
    """A sink did not take what it was told."""


class SinkBusyError(SinkError, RetryLater):
    """A sink asks for another attempt, in so many `seconds`."""

    def __init__(self, problem: str, *, seconds: float) -> None:
        Exception.__init__(self, f"{problem}; again in {seconds:.0f} s")
        self.seconds = seconds


class SinkGoneError(SinkError, Stop):
    """A sink wants nothing any more."""


class NoServiceError(SinkError, Stop):
    """Apprise knows no service by the URL of a sink."""


class NobodyKnowsError(SinkError, Stop):
    """What was to be told at most once may have been told."""
