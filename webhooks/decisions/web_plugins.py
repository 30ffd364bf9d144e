"""The plugins of a web process: loaded for their deciders, and told to everybody."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib import invalidate_caches

from redis import Redis

from comethooks.webhooks.decisions.telling import Telling
from comethooks.workers.deciding.decider_context import DeciderServices
from comethooks.workers.deciding.panel import Panel
from comethooks.workers.handlers.http import Clients
from comethooks.workers.plugins.last_good import LastGood
from comethooks.workers.plugins.loaded import Plugins
from comethooks.workers.plugins.loading import load_plugins
from comethooks.workers.plugins.published import held
from comethooks.workers.plugins.trials import Trials
from comethooks.workers.processes import keep_what_is_loaded
from comethooks.workers.settings.env_file import SETTLED
from comethooks.workers.settings.hiding import hidden_credentials
from comethooks.workers.settings.settings import Settings
from comethooks.workers.shipped import DECIDES_NOTHING
from comethooks.workers.streams.connections import connect
from comethooks.workers.streams.servers.shared_clock import follow_clock


class WebPlugins:
    """The plugins that a web process has, without those of ours that decide nothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._for_good = ExitStack()
        self._end: Callable[[], object] | None = None

    def have_process(self, end: Callable[[], object]) -> None:
        """The process is there for this alone: what plugins must not see leaves its environment,
        and `end` is called when the import of one takes too long.
        """
        self._end = end
        self._for_good.enter_context(hidden_credentials(self._settings))

    def load(self) -> Panel | None:
        """Load them; a panel of their deciders, None when there are none."""
        client = connect(self._settings.redis_url, connect_timeout=0.1, timeout=0.3)
        follow_clock(client)
        plugins = self._loaded()
        panel = self._panel(plugins, client) if plugins.deciders else None
        telling = Telling(client, held(plugins), panel)
        if self._end is None:
            telling.log()
        else:
            keep_what_is_loaded()
            quietly = SETTLED in self._settings.environ  # `up` tells it
            run = partial(telling.run, quietly=quietly)
            threading.Thread(target=run, name="telling", daemon=True).start()
        return panel

    def _loaded(self) -> Plugins:
        settings = self._settings
        invalidate_caches()
        # Whose process it is not may need its environment, and must not be ended.
        trials = Trials.of(settings, self._end or (lambda: None))
        with hidden_credentials(settings):
            return load_plugins(settings, LastGood.of(settings), trials, without=DECIDES_NOTHING)

    def _panel(self, plugins: Plugins, client: Redis) -> Panel:
        settings = self._settings
        services = DeciderServices(
            connect=Clients().client,
            apps={app.id: app for app in settings.apps},
            redis=client,
        )
        return Panel(
            plugins.deciders,
            services=services,
            budget_ms=settings.decision_budget_ms,
            on_failure=settings.on_decision_failure,
        )
