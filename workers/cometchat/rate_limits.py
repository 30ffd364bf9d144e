"""How often CometChat may be called in a minute, and which call counts against which limit.

CometChat's documentation (Rate Limits) has these numbers. What it calls core operations is: connect
a user, create or delete one, create, join or leave a group. It does not say to which of the two
kinds it counts what has the effect of such a call; here they count against the smaller limit.

| calls | limit a minute |
|---|---|
| `kick`, `ban`, `deactivate`, `reactivate` | `MOST_CORE` of an app |
| all others | `MOST_OTHERS` of an app |
| all, in the plan `build` | `MOST_IN_BUILD` of an app, both kinds together |
| `send…` as a user, or as a bot | `MOST_SENDS` of that user, too |
| `mark_unread` | `MOST_UNREAD` of that user, too |

What an app sends itself, as no user, has no limit of its own in that documentation. Files of
messages are no calls of the API and are not counted.
"""

from dataclasses import dataclass
from enum import StrEnum

MOST_CORE = 10_000
MOST_OTHERS = 20_000
MOST_IN_BUILD = 500
MOST_SENDS = 30
MOST_UNREAD = 5

CORE_CALLS = frozenset(("kick", "ban", "deactivate", "reactivate"))
_SENDS = frozenset(("send", "send_as_bot"))


class CallPlan(StrEnum):
    """What of CometChat's plans matters for its limits."""

    BUILD = "build"
    """The free one."""
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class CallLimit:
    """A limit that a call counts against: `key` tells it from all others, `most` a minute."""

    key: str
    most: int


def limits_of(plan: CallPlan, app_id: str, call: str, user: str | None) -> tuple[CallLimit, ...]:
    """The limits that a call of an app counts against, the widest first. `call` is the method of
    `ChatApi`, and `user` the uid that it is made as.
    """
    if plan is CallPlan.BUILD:
        limits = [CallLimit(f"{app_id}:all", MOST_IN_BUILD)]
    elif call in CORE_CALLS:
        limits = [CallLimit(f"{app_id}:core", MOST_CORE)]
    else:
        limits = [CallLimit(f"{app_id}:others", MOST_OTHERS)]
    if call in _SENDS and user is not None:
        limits.append(CallLimit(f"{app_id}:sends:{user}", MOST_SENDS))
    if call == "mark_unread":
        limits.append(CallLimit(f"{app_id}:unread:{user}", MOST_UNREAD))
    return tuple(limits)
