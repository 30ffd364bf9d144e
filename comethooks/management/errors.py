"""What can go wrong with the management API.

```
ManagementError
├── LimitError                 more than CometChat takes; nothing was sent
├── UnreachableError           no answer came
├── UnreadableError            an answer that cannot be understood
└── RefusedError               an answer that is no 2xx
    ├── KeyRefusedError        401 and 403: the key or its secret is wrong
    ├── NotFoundError          404: no such webhook or app, or a key of another kind
    └── TooManyRequestsError   429, and waiting did not help
```
"""

from comethooks.workers.texts import number_of


class ManagementError(Exception):
    """The base of all. Its text is for people, says what to do, and holds no secret."""


class LimitError(ManagementError):
    """Something is longer, or more, than CometChat takes, or written with other characters."""


class UnreachableError(ManagementError):
    """No answer came. What was sent may have been carried out, or not."""


class UnreadableError(ManagementError):
    """The answer has a shape that is not known."""


class RefusedError(ManagementError):
    """The answer is no 2xx. `code` and `message` are CometChat's, or empty when it gave none."""

    hint = ""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        self.status = status
        self.code = code
        self.message = message
        said = ": ".join(part for part in (code, message) if part)
        hint = f"; {self.hint}" if self.hint else ""
        super().__init__(f"CometChat answered {status}{f' ({said})' if said else ''}{hint}")


class KeyRefusedError(RefusedError):
    """The key or its secret is wrong, or not one of this app."""

    hint = "COMETCHAT_MGMT_KEY and COMETCHAT_MGMT_SECRET are not those of this app"


class NotFoundError(RefusedError):
    """There is no such thing, or the key is none of the management API."""

    hint = (
        "there is no such webhook or app, or COMETCHAT_MGMT_KEY is no key of the management API:"
        " the REST key of an app gets this answer too. CometChat's sales team issues management"
        " keys"
    )


class TooManyRequestsError(RefusedError):
    """CometChat wants fewer calls. `retry_after`: seconds, when it named some."""

    def __init__(
        self, status: int, code: str = "", message: str = "", *, retry_after: float | None = None
    ) -> None:
        self.retry_after = retry_after
        when = "later" if retry_after is None else f"in {number_of(retry_after, 'second')}"
        self.hint = f"try again {when}"
        super().__init__(status, code, message)
