"""What can go wrong when a handler calls CometChat, and what a run does that does not catch it.

```
CometChatError
├── NoRestKeyError     no REST key is known for the app                    the run is dead
├── NotSendableError   CometChat would not take it, or kits not draw it    the run is dead
├── MediaTooLargeError a file is larger than we read                       the run is dead
├── LimitReachedError  more calls than CometChat takes in a minute         tried again then
├── ApiRefusedError    CometChat said no                                   the run is dead
│   └── PinsFullError  the conversation has as many pins as it may         the run is dead
├── ApiBusyError       429, or 5xx with a time                             tried again then
├── ApiFailedError     408, or 5xx without a time                          as `retry` says
└── NoAnswerError      no answer, or none that can be read                 as `retry` says
```

Of the first two, and where a limit is reached, nothing was sent; after the last two nobody knows
whether it was done. No text holds a key: what CometChat quotes of one is `***`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from comethooks.workers.plugins.retry import NotYet, RetryLater, Stop

PINS_FULL = "ERR_PINNED_MESSAGES_LIMIT_EXCEEDED"
MOST_PINS = 100
"""Of a conversation (CometChat's error guide)."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an answer that is no success says, as far as it says it."""

    code: str = ""
    """CometChat's, such as `ERR_UID_NOT_FOUND`."""
    message: str = ""
    details: Any = None
    """JSON of any form: of bodies that it refuses, CometChat says here what is wrong with which
    field."""


NOTHING_SAID = ErrorBody()


class CometChatError(Exception):
    """The base of all."""


class NoRestKeyError(CometChatError, Stop):
    """No REST key is known for the app. The text says what to set."""


class NotSendableError(CometChatError, Stop):
    """What was to be sent cannot be. `problems` says of each path what is wrong there."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class MediaTooLargeError(CometChatError, Stop):
    """The file of a message is larger than what is read: `most` bytes."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"the file is larger than {most // 1_000_000} MB, the most that is read")


class LimitReachedError(CometChatError, NotYet):
    """Another call would be more than CometChat takes in a minute, and the run ends before it
    would not be. The attempt does not count.
    """


class _AnsweredError(CometChatError):
    """An answer that is no success. `code`, `message` and `details` are those of `ErrorBody`."""

    def __init__(self, call: str, status: int, said: ErrorBody = NOTHING_SAID) -> None:
        self.status = status
        self.code = said.code
        self.message = said.message
        self.details = said.details
        words = ": ".join(part for part in (said.code, said.message) if part)
        # By name: next in line may be `RetryLater`, which wants seconds.
        Exception.__init__(self, f"{call}: CometChat answered {status}{words and f' ({words})'}")


class ApiRefusedError(_AnsweredError, Stop):
    """CometChat said no, and would again."""


class PinsFullError(ApiRefusedError):
    """A conversation has as many pinned messages as it may: unpin one first."""

    def __init__(self, call: str, status: int, said: ErrorBody = NOTHING_SAID) -> None:
        super().__init__(call, status, said)
        self.args = (f"{self}; a conversation has at most {MOST_PINS} pins: unpin one first",)


class ApiFailedError(_AnsweredError):
    """CometChat failed (408, 5xx). Whether it had done it before is not known."""


class ApiBusyError(_AnsweredError, RetryLater):
    """CometChat asks for another attempt, in so many `seconds`."""

    def __init__(
        self, call: str, status: int, said: ErrorBody = NOTHING_SAID, *, seconds: float
    ) -> None:
        super().__init__(call, status, said)
        self.args = (f"{self}; again in {seconds:.0f} s",)
        self.seconds = seconds


class NoAnswerError(CometChatError):
    """No answer came, or none that can be read. What was asked for may have been done, or not."""
