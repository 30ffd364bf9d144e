"""Rules: what each looks for, in whose messages, and what is to be done about what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from comethooks.workers.plugins.event_filters import EventFilter

if TYPE_CHECKING:
    from comethooks.workers.plugin_files.templates import Template

InFlight = Literal["drop", "annotate", "none"]
Severity = Literal["low", "medium", "high"]
AfterAction = Literal["flag", "delete", "warn", "kick", "ban", "deactivate", "notify"]
Kind = Literal["words", "patterns", "links", "contacts", "flood", "repeats", "scorer"]
"""What finds something, by the key of the file."""
ON_PRESSES: frozenset[AfterAction] = frozenset(("flag", "notify"))
"""What is done about presses. The URL of a button proves the message and not the user: anybody
could have somebody else put out of a group."""
THROUGH_COMETCHAT: frozenset[AfterAction] = frozenset(
    ("delete", "warn", "kick", "ban", "deactivate")
)
"""What CometChat is asked to do, which takes the REST key of the app."""
WarnIn = Literal["user", "group"]
ContactKind = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Links:
    """Which links are found. Domains are registrable ones: `example.com`, `example.co.uk`."""

    allow: frozenset[str] | None = None
    """All other domains are found; None: only what the others name."""
    deny: frozenset[str] = frozenset()
    shorteners: bool = False


@dataclass(frozen=True, slots=True)
class Contacts:
    """Which ways to be reached elsewhere are found."""

    find: tuple[ContactKind, ...]
    region: str | None = None
    """The country, such as `US`, whose numbers are written without `+`; None: only with it."""


@dataclass(frozen=True, slots=True)
class Flood:
    """So many messages of one sender in so many seconds, wherever they are sent to."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Repetition:
    """The same normalised text so many times of one sender, in so many seconds."""

    times: int
    seconds: float
    across: bool = False
    """Whether those in other conversations count, too."""


@dataclass(frozen=True, slots=True)
class ScorerCall:
    """A service that scores texts, and what it is asked with. Equal ones are asked once."""

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    timeout: float = 0.3
    """In seconds."""
    labels: str = ""
    """Where in the answer the labels of the texts are; see `label_paths`."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A service, and the score from which each of its labels is found."""

    call: ScorerCall
    over: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UserAge:
    """How old the account of a sender has to be: younger than `than`, or older."""

    than: timedelta
    younger: bool
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Exempt:
    """Of whom nothing is found."""

    roles: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the file. `place` is where it stands there, `rule[0]`, and `line` that line."""

    name: str
    place: str
    line: int
    words: tuple[str, ...] = ()
    """As they are written, those of its file among them."""
    patterns: tuple[str, ...] = ()
    links: Links | None = None
    contacts: Contacts | None = None
    flood: Flood | None = None
    repeats: Repetition | None = None
    scorer: Scorer | None = None
    filters: tuple[EventFilter, ...] = ()
    roles: frozenset[str] = frozenset()
    """Of whom it looks at messages; empty: of everybody."""
    user_age: UserAge | None = None
    exempt: Exempt = Exempt()
    in_flight: InFlight = "none"
    after: tuple[AfterAction, ...] = ()
    severity: Severity = "medium"
    shadow: bool = False
    """Whether what it finds is told and nothing is done."""
    warn: "Template | None" = None
    """What `warn` sends; None: `DEFAULT_WARNING`."""
    warn_in: WarnIn = "user"
    """Where: to the sender, or into the group, for all to see, if the message is in one."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What it looks for, in the order of the file's keys."""
        found: dict[Kind, object] = {
            "words": self.words,
            "patterns": self.patterns,
            "links": self.links,
            "contacts": self.contacts,
            "flood": self.flood,
            "repeats": self.repeats,
            "scorer": self.scorer,
        }
        return tuple(kind for kind, there in found.items() if there)


@dataclass(frozen=True, slots=True)
class Match:
    """Something that a rule found.

    `found` is what: the word as the rule has it, the link, the address, `12 in 10 s`, `toxic 0.97`.
    `text` is where, as it was written, and `normalised` as it was looked at; both are empty for
    what is in no text.
    """

    rule: Rule
    kind: Kind
    found: str
    text: str = ""
    normalised: str = ""


DEFAULT_WARNING = "Your message broke a rule of this chat and may be removed."
"""What `warn` sends when a rule does not say."""
