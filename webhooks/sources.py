"""A source: somebody who sends events here, under a path of its own.

A source decides how its senders show who they are, how bodies are read, what they say, and what the
sender is told when one is no good. Everything behind that is the same for all: keeping, partitions,
runs, replay.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from comethooks.schemas import Parsed
from comethooks.webhooks.problems import Errors


class Headers(Protocol):
    """The headers of a request, in any case."""

    def get(self, key: str, /) -> str | None:
        """The value of a header; None when it is not there."""


class NotAuthenticatedError(Exception):
    """The sender has not shown who it is. `reason` says what is wrong, and quotes nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is no event.

    `status` is HTTP's, `reason` is kept with the request, `detail` tells the sender what to do.
    `errors` are by the dotted path in the body. `cause` is set when the fault is ours.
    """

    status: int
    reason: str
    detail: str
    errors: Errors | None = None
    cause: Exception | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What can be told of a body that is refused; all of it may be unknown."""

    trigger: str | None = None
    app_id: str | None = None


class Source(ABC):
    """Who sends. A subclass is given its settings, and does not change once it is made."""

    name: ClassVar[str]
    """Part of the path, of patterns (`name:trigger`) and of all that is kept: lower-case letters
    and digits."""
    kept_headers: ClassVar[tuple[str, ...]] = ()
    """The headers that are kept with the body, in lower case; never one that holds a credential."""
    signs_bodies: ClassVar[bool] = False
    """Whether a sender is known by its body too. If not, nothing of a stranger's body is read."""
    is_quick: ClassVar[bool] = False
    """Whether what this class does waits for nothing, and takes a millisecond at most for a body of
    16 KB. If not, it is done where nobody else waits for it."""
    tells_refusals: ClassVar[bool] = False
    """Whether a sender that waits for a decision is told when a request is no good. If not, it is
    answered as if nobody had decided."""
    challenge: ClassVar[str | None] = None
    """The value of WWW-Authenticate that goes with a 401."""
    wanted: ClassVar[str] = "credentials"
    """What a sender has to present, for people."""

    @abstractmethod
    def authenticate(self, headers: Headers, raw: bytes) -> str:
        """The label of the credential that the sender has; raises `NotAuthenticatedError`.

        `raw` is the body if the source signs bodies, and else empty. Takes the same time whatever
        is wrong.
        """

    @abstractmethod
    def decode(self, raw: bytes) -> Any:
        """What the bytes of a body are. Raises what `refuse` can explain."""

    @abstractmethod
    def parse(self, body: Any, raw: bytes) -> Parsed:
        """What a decoded body says. Raises what `refuse` can explain.

        Tenant, conversation and duplicate key are the source's own: those of two sources are never
        compared.
        """

    @abstractmethod
    def refuse(self, error: Exception) -> Refusal | None:
        """What the sender is told about an error of `decode` or `parse`; None when we
        are to blame.
        """

    def takes(self, content_type: str) -> bool:
        """Whether bodies may come with this Content-Type."""
        return True

    def glance(self, raw: bytes) -> Glance:
        """What can be told of a body that is refused. Never raises."""
        return Glance()

    def waits(self, trigger: str | None) -> bool:
        """Whether the sender waits for a decision, and takes every other answer for one."""
        return False

    def keeps(self, trigger: str) -> bool:
        """Whether events of a trigger are kept, and not only counted."""
        return True

    def stored(self, raw: bytes) -> bytes:
        """The bytes of a body that are kept, whether it was accepted or not. Never raises."""
        return raw


def by_name(sources: tuple[Source, ...]) -> Mapping[str, Source]:
    """The sources under their names. Raises `ValueError` when two have the same."""
    found = {source.name: source for source in sources}
    if len(found) != len(sources):
        raise ValueError(
            f"two sources have the same name: {', '.join(source.name for source in sources)}"
        )
    return found
