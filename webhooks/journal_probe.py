"""Whether the journal answers, without waiting for it: receiving does not need it."""

import threading
from contextlib import closing

PATIENCE_SECONDS = 0.4


class JournalProbe:
    """Asks the journal in a thread of its own; only one is at it, however often somebody asks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asking = threading.Lock()
        self._error: str | None = None
        self.journal_id: str | None = None
        """The id of the journal that answered last."""

    def error(self) -> str | None:
        """Why the journal cannot be reached, in a word, or None. Takes less than half a second."""
        if not self._asking.acquire(blocking=False):
            return self._error or "no answer yet"
        answered = threading.Event()
        threading.Thread(
            target=self._ask, args=(answered,), name="journal probe", daemon=True
        ).start()
        return self._error if answered.wait(PATIENCE_SECONDS) else "no answer yet"

    def _ask(self, answered: threading.Event) -> None:
        try:
            self.journal_id, self._error = _ask(self._url)
        finally:
            self._asking.release()
            answered.set()


def _ask(url: str) -> tuple[str | None, str | None]:
    """The journal's id and, where it cannot be reached, why."""
    # Receiving does without SQL: importing it would make every start half a second longer.
    from comethooks.workers.journal import Journal, missing_file

    try:
        if missing_file(url):
            return None, "there is none"
        with closing(Journal.open(url)) as journal:
            return journal.identity(), None
    except Exception as error:
        return None, type(error).__name__
