"""What a test asks of the harness that cannot be.

```
HarnessError          it is asked for wrongly
└── UnhandledError    no handler wants the event
```
"""

from collections.abc import Iterable

from comethooks.workers.texts import near


class HarnessError(Exception):
    """The harness is asked for what it cannot do. The text says what to write instead."""


class UnhandledError(HarnessError):
    """No handler of the plugin wants the event. The text says of each why not."""


def guess(name: str, known: Iterable[str]) -> str:
    """What may be meant by `name`, as the end of a sentence."""
    close = near(name, known, most=1)
    return f"; did you mean {close[0]!r}?" if close else "."
