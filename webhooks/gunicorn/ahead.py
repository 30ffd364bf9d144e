"""Requests that are parsed before gunicorn asks for them."""

from typing import Any
from wsgiref.types import WSGIEnvironment

from gunicorn.http.body import LengthReader  # type: ignore[import-untyped]
from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]

from comethooks.webhooks.gunicorn.plain import PlainRequest, plain_request


class _DirectRequest(Request):  # type: ignore[misc]
    def _peer_is_trusted_proxy(self) -> bool:
        # gunicorn would first read the peer's address, for each request anew.
        if isinstance(self.peer_addr, tuple) and not self.cfg.forwarded_allow_ips:
            return False
        return bool(super()._peer_is_trusted_proxy())


class AheadParser(RequestParser):  # type: ignore[misc]
    """Parses a request before gunicorn asks for it. What goes wrong is raised when it does."""

    mesg_class = _DirectRequest
    handed = b""
    """What has arrived of the next request, and of what follows it."""
    mesg: Any
    _parsed: Any = None

    def parse_plain(self, around: WSGIEnvironment) -> PlainRequest | None:
        """The next request when it is a plain one, else None. `around` becomes its environment."""
        plain = plain_request(self.handed, around)
        if plain is not None:
            # Of the one before nothing is left, or the connection would not have been kept.
            self.handed, self.mesg, self._parsed = b"", None, plain
        return plain

    def parse_ahead(self) -> Any:
        """The next request, which is no plain one; None when there is none."""
        try:
            self._parsed = self._parse()
        except Exception as error:
            self._parsed = error
            return None
        return self._parsed

    def finish_body(self, *arguments: Any, **options: Any) -> bool:
        """Take what is left of a body; returns whether nothing is."""
        reader = self.mesg and self.mesg.body.reader
        if isinstance(reader, LengthReader) and reader.length == 0:
            return True  # most are read to their end, and gunicorn asks twice
        return bool(super().finish_body(*arguments, **options))

    def __next__(self) -> Any:
        """The next request, as gunicorn asks for it."""
        parsed, self._parsed = self._parsed, None
        if parsed is None:
            return self._parse()
        if isinstance(parsed, Exception):
            raise parsed
        return parsed

    def _parse(self) -> Any:
        if self.handed:
            self.unreader.unread(self.handed)
            self.handed = b""
        return super().__next__()
