"""What goes wrong with CometChat's API because a test wants it to."""

from dataclasses import dataclass

from comethooks.testing.chat_state import ChatAnswer, refused


@dataclass(slots=True)
class ChatFault:
    """What becomes of calls whose path begins with `path`: an `answer`, or `seconds` before the
    usual one; with neither, none ever comes.
    """

    path: str
    times: int
    answer: ChatAnswer | None = None
    seconds: float | None = None

    @property
    def is_silence(self) -> bool:
        """Whether no answer comes."""
        return self.answer is None and self.seconds is None


class ChatFaults:
    """Faults on demand, each for a number of calls."""

    def __init__(self) -> None:
        self._waiting: list[ChatFault] = []

    def fail(
        self,
        status: int = 500,
        *,
        code: str | None = None,
        retry_after: float | None = None,
        times: int = 1,
        path: str = "",
    ) -> None:
        """Refuse the next `times` calls, those alone whose path begins so: `path="messages/"`.

        With a `code` of CometChat, such as `ERR_UID_NOT_FOUND`; a 429 has its own.
        """
        usual = "ERR_TOO_MANY_REQUESTS" if status == 429 else "ERR_EXCEPTION"
        said = refused(status, code or usual)
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        answer = ChatAnswer(status, said.document, headers=headers)
        self._add(ChatFault(path, times, answer))

    def slow(self, seconds: float, *, times: int = 1, path: str = "") -> None:
        """Let the next `times` answers take so long."""
        self._add(ChatFault(path, times, seconds=seconds))

    def silent(self, *, times: int = 1, path: str = "") -> None:
        """Give no answer to the next `times` calls."""
        self._add(ChatFault(path, times))

    def _next_fault(self, path: str) -> ChatFault | None:
        """The fault that a call meets, which is one less then."""
        for fault in self._waiting:
            if path.startswith(fault.path):
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None

    def _add(self, fault: ChatFault) -> None:
        if fault.times < 1:
            raise ValueError(f"times={fault.times!r}: write how many times, from 1")
        self._waiting.append(fault)
