"""What people decide on messages that CometChat's moderation has blocked or that were flagged."""

from comethooks.workers.cometchat.api_errors import NotSendableError
from comethooks.workers.cometchat.calls import ApiCall, ApiCalls, segment

BLOCKED_STATUSES = ("approved", "rejected")
FLAGGED_STATUSES = ("approved", "disapproved")


class ReviewCalls:
    """The calls about messages under review."""

    _calls: ApiCalls

    def review_blocked(self, message_id: str, status: str) -> None:
        """Let a message that was blocked through (`approved`), or not (`rejected`)."""
        self._review("review_blocked", "blocked-messages", message_id, status, BLOCKED_STATUSES)

    def review_flagged(self, message_id: str, status: str) -> None:
        """Leave a message that was flagged (`approved`), or take it down (`disapproved`)."""
        self._review("review_flagged", "flagged-messages", message_id, status, FLAGGED_STATUSES)

    def _review(
        self, name: str, kind: str, message_id: str, status: str, known: tuple[str, ...]
    ) -> None:
        if status not in known:
            raise NotSendableError([f"status: write one of {', '.join(known)}"])
        path = f"moderation/{kind}/{segment('message_id', message_id)}"
        self._calls.data(ApiCall(name, "PATCH", path, {"status": status}))
