"""What the contexts of a worker process use together: HTTP connections, the journal, the
streams.
"""

from comethooks.workers.cometchat.shared_limiter import shared_pacing
from comethooks.workers.handlers.http import Clients
from comethooks.workers.handlers.outside import Services
from comethooks.workers.journal import Journal
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.presses.tokens import InteractionUrls
from comethooks.workers.replays.emitted_events import EmittedEvents
from comethooks.workers.settings.settings import Settings
from comethooks.workers.streams.accept import Streams
from comethooks.workers.streams.connections import connect


def open_services(settings: Settings, journal: Journal, plugins: Plugins | None = None) -> Services:
    """Services for this process, which runs the handlers of `plugins`, in replays too.

    Nothing is connected before it is used; open them after a fork.
    """
    return Services(
        connect=Clients().client,
        once_keys=journal,
        emit=EmittedEvents(Streams.open(settings), journal, plugins or Plugins()).keep,
        interactions=journal.interactions,
        cases=journal.cases,
        redis=connect(settings.redis_url),
        apps={app.id: app for app in settings.apps},
        max_body=settings.max_body,
        drop_secrets=settings.drop_secrets,
        interaction_urls=InteractionUrls.of(settings),
        pacing=shared_pacing(settings),
        media_hosts=settings.media_hosts,
    )
