"""What a server that does not do as it is asked is said to lack, and what to do about it.

A server that refuses answers, with an error reply: a code, such as NOPERM, and a text. Everything
here goes by the reply's text, so that it is the same for whoever speaks to the server.
"""

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from redis.exceptions import AuthenticationError, BusyLoadingError, ResponseError

from comethooks.workers.streams import keys
from comethooks.workers.streams.connections import LONELY, NoPrimaryError
from comethooks.workers.streams.servers.sentinels import NoSuchPrimaryError

CERTIFICATE_ADVICE = (
    "name who does with ?ssl_ca_certs=/path/to/ca.pem at the end of its URL, or do without with"
    " ?ssl_cert_reqs=none (Heroku's has nobody who does)"
)

NAME_ADVICE = (
    "write the host as its certificate does, or do without with ?ssl_check_hostname=false at the"
    " end of its URL"
)
_OTHER_NAME = frozenset((62, 64))
"""OpenSSL's codes of a certificate that is vouched for, but not for this host or address."""

_NO_RIGHT = "NOPERM"

ServerError = ResponseError | NoPrimaryError
"""What is raised for an error reply, with its code as `status_code`."""

ADVICE: Mapping[str, str] = {
    "OOM": "start workers, which empty it, or raise maxmemory",
    "READONLY": "it is a replica; set REDIS_URL to the primary",
    "MASTERDOWN": "it is a replica that has lost its primary; set REDIS_URL to the primary",
    "MISCONF": "it cannot write to its disk; look at the free space there, and at its log",
    "NOREPLICAS": "fewer replicas are there than its min-replicas-to-write asks for",
    "LOADING": "it is still loading its data; wait",
    "MOVED": "it is a Redis Cluster, which is not supported",
    "CROSSSLOT": "it is a Redis Cluster, which is not supported",
    "CLUSTERDOWN": "it is a Redis Cluster, which is not supported",
}
"""What to do about a refusal, by its code; of NOPERM, `rights_advice` says it."""

_COMMAND = re.compile(r"the '([^' ]+)' command")
_IN_SCRIPT = re.compile(r"@user_script:\s*(\d+)")
CALLED = re.compile(r"redis\.p?call\('(\w+)'")
"""Where a script runs a command, and which."""


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """Why a server refused: the code of its reply and, if known, what it means and what to do."""

    code: str
    detail: str = ""
    advice: str = ""

    @property
    def named(self) -> str:
        """The code and what it means."""
        return f"{self.code}, {self.detail}" if self.detail else self.code

    def __str__(self) -> str:
        return f"{self.named}; {self.advice}" if self.advice else self.named


def rights() -> str:
    """What the user has to be allowed, as ACL SETUSER takes it."""
    # RQ reads CLIENT LIST to tell its workers from those that are gone; CONFIG and INFO are only
    # asked what becomes of the data.
    return f"~{keys.PREFIX}* ~rq:* &rq:* +@all -@admin -@dangerous +info +config|get +client|list"


def rights_advice() -> str:
    """What to do about a user who may not do what is needed."""
    return f"its rights have to be {rights()}"


def refusal(reply: str, script: str = "") -> ErrorReply:
    """What an error reply means, by its text without the leading `-`: `NOPERM this user has …`.

    `script` is the Lua code that was run, if any: Redis 7.0 names only the line of it that may not
    be run.
    """
    code, _, text = reply.partition(" ")
    if code == _NO_RIGHT or "ACL failure in script" in text or "executing the script can't" in text:
        return ErrorReply(_NO_RIGHT, _forbidden(text, script), rights_advice())
    return ErrorReply(code, advice=ADVICE.get(code, ""))


def refusal_of(error: ServerError, script: str = "") -> ErrorReply:
    """What the error reply means that redis-py raises as `error`."""
    return refusal(_reply(error), script)


def what_failed(error: BaseException, script: str = "") -> str:
    """What became of a call that raised, in words that fit behind `Redis`. That it did not answer
    is said only when it did not.
    """
    return why_unusable(error, script) or f"did not answer: {type(error).__name__}"


def why_unusable(error: BaseException, script: str = "") -> str | None:
    """What a server that is there lacks, in words that fit behind its address; None for another
    error, which speaks for itself.
    """
    if isinstance(error, BusyLoadingError):
        return "is still loading its data"
    if isinstance(error, NoPrimaryError) and error.status_code != LONELY:
        return "is a replica"
    if isinstance(error, NoSuchPrimaryError):
        return f"is not there: {error}"
    if isinstance(error, AuthenticationError):
        return "wants other credentials"
    if isinstance(error, ServerError):
        return f"refuses: {refusal_of(error, script)}"
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            if each.verify_code in _OTHER_NAME:
                return f"has a certificate for another name; {NAME_ADVICE}"
            return f"has a certificate that nobody here vouches for; {CERTIFICATE_ADVICE}"
    return None


def _reply(error: ServerError) -> str:
    """The text of the reply: redis-py cuts the code off where it has a class of its own for it."""
    code, text = error.status_code, str(error)
    return text if code is None or text.startswith(code) else f"{code} {text}"


def _forbidden(text: str, script: str) -> str:
    if found := _COMMAND.search(text):
        return f"its user may not run {found[1].replace('|', ' ').upper()}"
    if line := _IN_SCRIPT.search(text):
        lines = script.splitlines()[int(line[1]) - 1 :][:1]
        if called := CALLED.search("".join(lines)):
            return f"its user may not run {called[1]}"
        return "its user may not run a command of the script"
    return "its user may not use one of the keys" if "key" in text else "its user may not do this"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
