"""CometChat's management API: where an app's webhooks are made, listed, changed and removed.

    with Management("2345abc", ManagementKey(key, secret)) as api:
        plan = planned(wanted, api)              # reads, changes nothing
        for step in carry_out(plan, api):        # create or update the webhook, then its triggers
            ...

What its answers look like, and who may call it, is from CometChat's documentation.
"""

from comethooks.management.answers import TriggerResult, Webhook
from comethooks.management.client import Management
from comethooks.management.errors import (
    KeyRefusedError,
    LimitError,
    ManagementError,
    NotFoundError,
    RefusedError,
    TooManyRequestsError,
    UnreachableError,
    UnreadableError,
)
from comethooks.management.overlapping import Overlap, overlapping
from comethooks.management.registration import (
    DEFAULT_ID,
    Registration,
    RegistrationPlan,
    Step,
    StepKind,
    carry_out,
    planned,
    registrable_triggers,
)

__all__ = [
    "DEFAULT_ID",
    "KeyRefusedError",
    "LimitError",
    "Management",
    "ManagementError",
    "NotFoundError",
    "Overlap",
    "RefusedError",
    "Registration",
    "RegistrationPlan",
    "Step",
    "StepKind",
    "TooManyRequestsError",
    "TriggerResult",
    "UnreachableError",
    "UnreadableError",
    "Webhook",
    "carry_out",
    "overlapping",
    "planned",
    "registrable_triggers",
]
