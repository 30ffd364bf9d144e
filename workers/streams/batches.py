"""One script, called by many threads over one connection: calls that wait are sent together.

While a batch is under way the next one gathers. The first thread that waits carries the batch for
all who have gathered, and then leaves the task to one of those who came meanwhile. So no thread is
woken to do nothing but send, and under load a call costs a fraction of a round trip.
"""

import hashlib
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hiredis import pack_command
from redis import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    InvalidResponse,
    NoScriptError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from comethooks.workers.streams.breaker import Breaker
from comethooks.workers.streams.connections import CONNECTION_LOST, NoPrimaryError
from comethooks.workers.streams.servers.replicas import Confirming

IMPATIENT_SECONDS = 0.1
"""How long each step of a repeat may take after an answer that did not come in time. What it helps
against is a connection that leads nowhere, and not a server that is slow.
"""

_NO_SCRIPT = 40 * "0"

_LOST = (*CONNECTION_LOST, InvalidResponse)
_SAID = (AuthenticationError, BusyLoadingError, NoPrimaryError)
"""Those of the lost connections whose server is there, and said why it ended them."""


class ScriptCall:
    """One call of the script, from when it is handed in until it is answered."""

    __slots__ = ("_answer", "_error", "arguments", "is_answered", "turn")

    def __init__(self, arguments: tuple[Any, ...]) -> None:
        self.arguments = arguments
        self.is_answered = False
        self.turn: threading.Lock | None = None
        """Held while its thread sleeps; released when it is answered, or has to carry a batch."""
        self._answer: Any = None
        self._error: Exception | None = None

    def answer(self, answer: Any) -> None:
        """What the server said, an error reply included."""
        if isinstance(answer, Exception):
            self._error = answer
        else:
            self._answer = answer
        self.is_answered = True

    @property
    def has_failed(self) -> bool:
        """Whether it is known that something went wrong."""
        return self._error is not None

    def outcome(self) -> Any:
        """What the server said. Raises what went wrong."""
        if self._error is not None:
            # Many threads may raise the same one: each would prolong its traceback.
            raise self._error.with_traceback(None)
        return self._answer


class Batches:
    """Calls one script for all threads of a process. Connects when it is first needed, so after a
    fork.

    It takes over where the server is, how it is logged in to, and how long to wait from a client,
    and shares no connection with it. Every call is answered or fails within two waits for the
    server; while the breaker is open, at once.
    """

    def __init__(
        self,
        client: Redis,
        script: str,
        confirming: Confirming | None = None,
        *,
        repeats: bool = True,
    ) -> None:
        """With `confirming`, a call is answered when so many replicas have what it wrote, and what
        was written before it. Without `repeats` it fails when the first try does.
        """
        self._repeats = repeats
        self._pool = client.connection_pool
        self._confirming = confirming
        self._script = script
        self._sha = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        self._connection: Any | None = None
        self._lock = threading.Lock()
        self._gathered: list[ScriptCall] = []
        self._is_carrying = False
        self._is_doubted = False
        self.breaker = Breaker(self._answers)

    def hand_in(self, keys: Sequence[str], arguments: Sequence[Any]) -> ScriptCall:
        """Let a call go with the next batch. Whoever hands it in has to wait for it."""
        call = ScriptCall(("EVALSHA", self._sha, len(keys), *keys, *arguments))
        with self._lock:
            self._gathered.append(call)
        return call

    def wait(self, call: ScriptCall) -> Any:
        """What the server says to the call.

        Raises `ResponseError`, and those of `CONNECTION_LOST` when the answer did not arrive, also
        at the second try: the script may have run all the same.
        """
        with self._lock:
            carries = not call.is_answered and not self._is_carrying
            if carries:
                self._is_carrying = True
            elif not call.is_answered:
                call.turn = threading.Lock()
                call.turn.acquire()
        if call.turn is not None:
            call.turn.acquire()
            carries = not call.is_answered
        if carries:
            self._carry()
        return call.outcome()

    def doubt(self) -> None:
        """Say that a call was given the answer to another: the connection is not used again."""
        self._is_doubted = True

    def close(self) -> None:
        """Close the connection."""
        self.breaker.end()
        self._drop()

    def _carry(self) -> None:
        """Send what has gathered, wake those who wait for it, and leave the task to another."""
        with self._lock:
            batch, self._gathered = self._gathered, []
        error: Exception = RuntimeError("the batch was not sent")
        try:
            self._send(batch)
        except Exception as other:
            error = other
        finally:
            with self._lock:
                for call in batch:
                    if not call.is_answered:
                        call.answer(error)
                waiting = [call.turn for call in batch if call.turn]
                successor = next((call.turn for call in self._gathered if call.turn), None)
                self._is_carrying = successor is not None
            for turn in (*waiting, *filter(None, (successor,))):
                turn.release()

    def _send(self, batch: list[ScriptCall]) -> None:
        """Have the calls answered, or raise what became of those that are not."""
        if cause := self.breaker.cause:
            raise cause.with_traceback(None)
        try:
            self._exchange(batch)
        except _LOST as error:
            if not self._repeats:
                raise
            self._repeat([call for call in batch if not call.is_answered], error)

    def _repeat(self, calls: list[ScriptCall], error: Exception) -> None:
        # The answers are lost, what they tell of perhaps not. The script recognises its own repeat,
        # so one is harmless; one more would be too late for those who wait.
        is_late = isinstance(error, TimeoutError)
        try:
            if is_late:
                self._connection = self._new_connection(patience=IMPATIENT_SECONDS)
            self._exchange(calls)
        except _LOST as again:
            if not isinstance(again, _SAID):
                self.breaker.open(again)
            raise
        finally:
            if is_late:
                self._drop()

    def _exchange(self, calls: list[ScriptCall]) -> None:
        """Send the calls and read their answers. An error reply is the answer to its call alone.

        After anything else the connection is closed: nobody knows which answer would come next.
        """
        try:
            connection = self._connected()
            if forgotten := self._round(connection, calls):
                self._round(connection, forgotten, in_full=True)
        except BaseException:
            self._drop()
            raise

    def _round(
        self, connection: Any, calls: list[ScriptCall], *, in_full: bool = False
    ) -> list[ScriptCall]:
        """One round trip. Returns the calls that did not run since the server has no such script;
        none when each call brings the script in full.
        """
        commands = [call.arguments for call in calls]
        if in_full:
            # Not SCRIPT LOAD before them: the server may forget it again between that and a call.
            commands = [("EVAL", self._script, *arguments[2:]) for arguments in commands]
        # Not packed by redis-py, which looks at each argument before hiredis does.
        after = self._confirming.commands if self._confirming else ()
        connection.send_packed_command([b"".join(map(pack_command, (*commands, *after)))])
        forgotten = []
        answered = []
        for call in calls:
            answer = _next_answer(connection)
            if isinstance(answer, NoScriptError):
                forgotten.append(call)
            elif self._confirming and not isinstance(answer, Exception):
                answered.append((call, answer))
            else:
                call.answer(answer)
        if self._confirming:
            # Nobody may see an answer before it is confirmed, and without one it is repeated.
            lacking = self._confirming.lacking([_next_answer(connection) for _ in after])
            for call, answer in answered:
                call.answer(lacking or answer)
        return forgotten

    def _connected(self) -> Any:
        if self._connection and (self._is_doubted or _is_unusable(self._connection)):
            self._drop()
            self._is_doubted = False
        if self._connection is None:
            self._connection = self._new_connection()
        self._connection.connect()
        return self._connection

    def _new_connection(self, patience: float | None = None) -> Any:
        """A connection like the client's. Each of its steps takes at most `patience` seconds; None:
        as long as the client's may take.
        """
        limits = {}
        if patience is not None:
            limits = {"socket_connect_timeout": patience, "socket_timeout": patience}
        return self._pool.connection_class(**{**self._pool.connection_kwargs, **limits})

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.disconnect()

    def _answers(self) -> bool:
        """Whether the server answers a call of a script, be it with a refusal.

        It is asked as patiently as calls wait, or one that is slow would be away for ever. And it
        is asked for a script that nobody has: a server that is being paused for a hand-over still
        answers a PING.
        """
        connection = self._new_connection()
        try:
            connection.connect()
            connection.send_command("EVALSHA", _NO_SCRIPT, 0)
            connection.read_response()
        except (*_SAID, ResponseError):
            return True
        except (RedisError, OSError):
            return False
        finally:
            with suppress(RedisError, OSError):
                connection.disconnect()
        return True


def _next_answer(connection: Any) -> Any:
    """The next answer, or the error reply. The connection stays for the answers behind it."""
    try:
        return connection.read_response(disconnect_on_error=False)
    except ResponseError as error:
        return error


def _is_unusable(connection: Any) -> bool:
    """Whether a connection was closed by the server, or holds an answer that nobody asked for. That
    one would be taken for the answer to the first call, the next one for that to the second.
    """
    try:
        return bool(connection.can_read())
    except (RedisError, OSError):
        return True
