"""What goes back over HTTP: JSON documents and problem documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Response

from comethooks.webhooks.problems import PROBLEM_TYPE

_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer, whoever puts it on the wire."""

    document: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        """As WSGI takes it: `200 OK`."""
        return _LINES[self.status]

    def header_list(self, request_id: str) -> list[tuple[str, str]]:
        """As WSGI takes them."""
        return [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.document))),
            *self.headers.items(),
            ("X-Request-Id", request_id),
        ]

    def response(self) -> Response:
        """As Flask takes it."""
        return Response(self.document, self.status, self.headers, content_type=self.content_type)


Finish = Callable[[], HttpReply]
"""Waits until a request is kept, and gives the answer. One that is waited for longer has a method
`when_ready`, which has a function called when there is nothing left to wait for but Redis.
"""


def problem_reply(
    document: bytes, status: int, headers: Mapping[str, str] | None = None
) -> HttpReply:
    """A problem document, and the headers that go with it."""
    return HttpReply(document, status, PROBLEM_TYPE, headers or {})
