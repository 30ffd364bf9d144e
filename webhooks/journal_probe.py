"""Whether the journal answers, without waiting for it: receiving does not need it."""

import threading
from contextlib import closing

PATIENCE_SECONDS = 0.4
_IMPORT_SECONDS = 3.0
"""How much longer the first question of a process may take, which imports what it is asked with."""


class JournalProbe:
    """Asks the journal in a thread of its own; only one is at it, however often somebody asks."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asking = threading.Lock()
        self._imported = threading.Event()
        self._error: str | None = None
        self.journal_id: str | None = None
        """The id of the journal that answered last."""

    def error(self) -> str | None:
        """Why the journal cannot be reached, in a word, or None. Takes less than half a second, and
        the first time as long as importing takes.
        """
        if not self._asking.acquire(blocking=False):
            return self._error or "no answer yet"
        answered = threading.Event()
        threading.Thread(
            target=self._ask, args=(answered,), name="journal probe", daemon=True
        ).start()
        self._imported.wait(_IMPORT_SECONDS)
        return self._error if answered.wait(PATIENCE_SECONDS) else "no answer yet"

    def _ask(self, answered: threading.Event) -> None:
        try:
            self.journal_id, self._error = self._identity()
        except Exception as error:
            self.journal_id, self._error = None, type(error).__name__
        finally:
            self._asking.release()
            self._imported.set()
            answered.set()

    def _identity(self) -> tuple[str | None, str | None]:
        """The journal's id, or why there is none."""
        # Receiving does without SQL: importing it would make every start half a second longer.
        from comethooks.workers.journal import Journal, missing_file

        if missing_file(self._url):
            return None, "there is none"
        with closing(Journal.open(self._url)) as journal:
            self._imported.set()  # its driver, too
            return journal.identity(), None
