"""The webhooks that CometChat has for the apps, where there is a key for its management API."""

from collections.abc import Iterator, Sequence

from comethooks.doctor.finding import Finding, Level
from comethooks.management import Management, ManagementError, overlapping
from comethooks.workers.settings.apps import MANAGEMENT_API, ManagementKey
from comethooks.workers.texts import number_of, plain

_CHECK = "webhooks"


def check_webhooks(
    app_ids: Sequence[str], key: ManagementKey, *, base_url: str = MANAGEMENT_API
) -> Iterator[Finding]:
    """Look at the current webhooks of each app: two that send the same to one URL have each event
    handled twice.
    """
    for app_id in app_ids:
        try:
            with Management(app_id, key, base_url=base_url) as api:
                found = list(api.detailed())
        except ManagementError as error:
            detail = plain(f"those of the app {app_id} are not known: {error}")
            yield Finding(_CHECK, Level.WARNING, detail, "try `comethooks webhook list`")
            continue
        both = list(overlapping(found))
        for each in both:
            detail = plain(f"app {app_id}: {each.detail}")
            yield Finding(_CHECK, Level.WARNING, detail, plain(each.advice))
        if not both:
            detail = (
                f"app {app_id}: {number_of(len(found), 'webhook')}, none sends what another does"
            )
            yield Finding(_CHECK, Level.OK, detail)
