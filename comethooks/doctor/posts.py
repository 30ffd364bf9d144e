"""One POST to a public address, and what came of it."""

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from comethooks.webhooks.problems import PROBLEM_TYPE

TIMEOUT_SECONDS = 5.0
USER_AGENT = "comethooks-doctor"
_MOST_BYTES = 64 * 1024
"""Whatever answers there, no more of it is read: it may be a page, or have no end."""


class CertificateError(Exception):
    """The certificate is not to be trusted; the text says why, in OpenSSL's words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, and after how many seconds, including the time to connect.

    `expires` is when the certificate does (seconds since the epoch); None without TLS.
    """

    status: int
    headers: Mapping[str, str]
    document: Mapping[str, Any]
    seconds: float
    expires: float | None

    @property
    def request_id(self) -> str | None:
        """The id in the answer's body: of the refused request, or of the event."""
        found = self.document.get("request_id", self.document.get("id"))
        return found if isinstance(found, str) else None

    @property
    def is_problem(self) -> bool:
        """Whether it is a refusal in the form of this service."""
        media = self.headers.get("content-type", "").partition(";")[0].strip()
        return media == PROBLEM_TYPE and self.request_id is not None


def post(client: httpx.Client, url: httpx.URL, body: bytes, **options: Any) -> Reply:
    """Post `body`; the answer's beginning. Raises `CertificateError` and httpx's errors."""
    started = time.monotonic()
    headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    try:
        with client.stream("POST", url, content=body, headers=headers, **options) as answer:
            expires = _expires(answer)
            text = b"".join(_beginning(answer.iter_bytes()))
    except httpx.ConnectError as error:
        raise _certificate_error(error) or error from None
    return Reply(
        answer.status_code, answer.headers, _document(text), time.monotonic() - started, expires
    )


def _beginning(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > _MOST_BYTES:
            return


def _expires(answer: httpx.Response) -> float | None:
    """When the certificate of the connection ends."""
    stream = answer.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream else None
    certificate = connection.getpeercert() if connection else None
    return float(ssl.cert_time_to_seconds(certificate["notAfter"])) if certificate else None


def _certificate_error(error: BaseException) -> CertificateError | None:
    """What OpenSSL said, if that is why the connection was not made."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateError(cause.verify_message)
        cause = cause.__cause__ or cause.__context__
    return None


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
