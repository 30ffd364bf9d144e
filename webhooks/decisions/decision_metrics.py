"""What is counted of decisions. The deciders are those that are loaded: labels have few values."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from comethooks.webhooks.decisions.decided import Decided
from comethooks.webhooks.metrics import BUCKETS, trigger_label
from comethooks.workers.deciding.combining import Fault, Ruling

ABSTAINS = "none"
"""The verdict of a vote without one."""
DEFER = "defer"
"""The action where nobody decided, and the sender was told so."""
_KINDS = {
    Fault.RAISED: "error",
    Fault.LATE: "late",
    Fault.INVALID: "not valid",
    Fault.RESTS: "resting",
}


class DecisionMetrics:
    """The counters of this process, in `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "comethooks_decisions",
            "Messages that were decided on, by what was answered.",
            ["trigger", "action"],
            registry=registry,
        )
        self._votes = Counter(
            "comethooks_decision_votes",
            "What deciders said, by whether they are in shadow, where it changes nothing.",
            ["decider", "verdict", "shadow"],
            registry=registry,
        )
        self._failures = Counter(
            "comethooks_decision_failures",
            "Deciders that said nothing of a message, by why.",
            ["decider", "kind"],
            registry=registry,
        )
        self._conflicts = Counter(
            "comethooks_decision_conflicts",
            "Keys of an annotation that two deciders gave different values.",
            registry=registry,
        )
        self._seconds = Histogram(
            "comethooks_decision_seconds",
            "From the question to the deciders to what they say together.",
            buckets=BUCKETS,
            registry=registry,
        )

    def ruling(self, ruling: Ruling, seconds: float) -> None:
        """Count what deciders said of one message, and how long that took."""
        self._seconds.observe(seconds)
        for vote in ruling.votes:
            if vote.error is None:
                verdict = ABSTAINS if vote.verdict is None else vote.verdict.value
                self._votes.labels(vote.decider, verdict, str(vote.shadow).lower()).inc()
        for failure in ruling.failures:
            self._failures.labels(failure.decider, _KINDS[failure.fault]).inc()
        self._conflicts.inc(len(ruling.conflicts))

    def decision(self, trigger: str | None, decided: Decided) -> None:
        """Count one answer."""
        action = DEFER if decided.deferred else decided.action.value
        self._decisions.labels(trigger_label(trigger), action).inc()
