"""The table of metrics: their names, which are part of the API, and what each of them says."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from comethooks.workers.analytics.sizes import DISTINCT, SAMPLED, SUMMED, Size

_OF_CLIENTS = (
    "CometChat sends receipts of connected clients only, and of at most 300 members of a group."
)
_OF_CONNECTIONS = "Connections whose end does not say when they began are left out."
QUANTILE = "quantile"
"""The label of which part of all is at most the value."""
QUANTILES = (0.5, 0.9, 0.99)


# Each is itself alone: to compare and hash all that is said of one cost more than to count.
@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """What is counted under a name.

    `labels` are the names of what it is told apart by, `unit` what its values are of, `sizes` of
    which sizes there are buckets. `partial` says why CometChat does not tell all of it; None when
    it does. A `peak` is the most that there were at once.
    """

    name: str
    labels: tuple[str, ...]
    unit: str
    sentence: str
    partial: str | None = None
    sizes: tuple[Size, ...] = SUMMED
    peak: bool = False

    @property
    def in_thousandths(self) -> bool:
        """Whether what is stored is milliseconds. Whole numbers add up to the same in any order."""
        return self.unit == "seconds"

    @property
    def is_distribution(self) -> bool:
        """Whether its values are quantiles of what was measured."""
        return QUANTILE in self.labels

    @property
    def adds_up(self) -> bool:
        """Whether its values of several labels or apps come to that of all together."""
        return not (self.peak or self.is_distribution)


_MESSAGE = ("category", "type", "kind")
_CALL = ("type", "kind")

SENT = Metric("messages.sent", _MESSAGE, "messages", "Messages that were sent.")
EDITED = Metric("messages.edited", _MESSAGE, "edits", "Edits of messages.")
DELETED = Metric("messages.deleted", _MESSAGE, "messages", "Messages that were deleted.")
ACTIVE = Metric(
    "users.active",
    (),
    "users",
    "Users who sent something, reacted or called, each once, however often.",
    sizes=DISTINCT,
)
DELIVERED = Metric(
    "receipts.delivered", ("kind",), "receipts", "Messages that reached a user.", _OF_CLIENTS
)
READ = Metric("receipts.read", ("kind",), "receipts", "Messages that a user read.", _OF_CLIENTS)
LATENCY_DELIVERED = Metric(
    "latency.delivered",
    ("kind", QUANTILE),
    "seconds",
    "From sending a message until it reached a user.",
    _OF_CLIENTS,
)
LATENCY_READ = Metric(
    "latency.read",
    ("kind", QUANTILE),
    "seconds",
    "From sending a message until a user read it.",
    _OF_CLIENTS,
)
UNKNOWN_LATENCY = Metric(
    "latency.unknown",
    ("kind",),
    "receipts",
    "Receipts of messages that are not in the journal, or were sent more than 7 days before.",
)
ADDED = Metric("reactions.added", (), "reactions", "Reactions that were added.")
REMOVED = Metric("reactions.removed", (), "reactions", "Reactions that were taken back.")
SESSIONS = Metric("presence.sessions", ("platform",), "sessions", "Connections that ended.")
ONLINE = Metric(
    "presence.seconds",
    ("platform",),
    "seconds",
    "How long connections lasted that ended, all of it where they ended.",
    _OF_CONNECTIONS,
)
PEAK = Metric(
    "presence.peak",
    ("platform",),
    "sessions",
    "The most connections that were open at once, of those that have ended.",
    _OF_CONNECTIONS,
    sizes=SAMPLED,
    peak=True,
)
GROUPS_CREATED = Metric("groups.created", (), "groups", "Groups that were created.")
JOINED = Metric("members.joined", (), "members", "Users who joined a group.")
MEMBERS_ADDED = Metric("members.added", (), "members", "Users who were added to a group.")
LEFT = Metric("members.left", (), "members", "Users who left a group.")
KICKED = Metric("members.kicked", (), "members", "Users who were kicked out of a group.")
BANNED = Metric("members.banned", (), "members", "Users who were banned from a group.")
CALLS_STARTED = Metric(
    "calls.started", _CALL, "calls", "Calls that began to ring, and meetings that were opened."
)
ANSWERED = Metric("calls.answered", _CALL, "calls", "Calls that were taken.")
MISSED = Metric("calls.missed", _CALL, "calls", "Calls that nobody took.")
REJECTED = Metric("calls.rejected", _CALL, "calls", "Calls that were rejected.")
CANCELLED = Metric("calls.cancelled", _CALL, "calls", "Calls that the caller gave up.")
BUSY = Metric("calls.busy", _CALL, "calls", "Calls to somebody who was in another one.")
CALL_SECONDS = Metric(
    "calls.seconds",
    _CALL,
    "seconds",
    "How long calls and meetings lasted that ended, all of it where they ended.",
)
INTERACTIVE_SENT = Metric(
    "interactions.sent", ("type",), "messages", "Interactive messages and cards that were sent."
)
INTERACTED = Metric(
    "interactions.interacted", ("type",), "presses", "Presses on interactive messages."
)
COMPLETED = Metric(
    "interactions.completed", ("type",), "completions", "Goals that a user completed."
)
DECIDED = Metric(
    "moderation.decided",
    ("rule", "verdict"),
    "messages",
    "What was decided on messages: in flight by a decider, which is the rule then, or by a rule of"
    " CometChat's.",
)
FLAGGED = Metric(
    "moderation.flagged",
    ("rule", "verdict"),
    "messages",
    "Messages in which a rule of the moderator with `notify` found something: dropped in flight, or"
    " flagged.",
)
FAILED = Metric(
    "moderation.failed",
    ("rule", "verdict"),
    "messages",
    "Messages that CometChat's moderation could not judge, and what became of them.",
)
EVENTS = Metric("events", ("trigger",), "events", "Events of each trigger.")

_TABLE = (
    *(SENT, EDITED, DELETED, ACTIVE, DELIVERED, READ),
    *(LATENCY_DELIVERED, LATENCY_READ, UNKNOWN_LATENCY, ADDED, REMOVED, SESSIONS, ONLINE, PEAK),
    *(GROUPS_CREATED, JOINED, MEMBERS_ADDED, LEFT, KICKED, BANNED),
    *(CALLS_STARTED, ANSWERED, MISSED, REJECTED, CANCELLED, BUSY, CALL_SECONDS),
    *(INTERACTIVE_SENT, INTERACTED, COMPLETED, DECIDED, FLAGGED, FAILED, EVENTS),
)
METRICS: Mapping[str, Metric] = MappingProxyType({each.name: each for each in _TABLE})
"""Every metric, by name."""
