"""What a test asks of the harness that cannot be.

```
HarnessError          it is asked for wrongly
└── UnhandledError    no handler wants the event
```
"""

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """The harness is asked for what it cannot do. The text says what to write instead."""


class UnhandledError(HarnessError):
    """No handler of the plugin wants the event. The text says of each why not."""


def guess(name: str, known: Iterable[str]) -> str:
    """What may be meant by `name`, as the end of a sentence."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
