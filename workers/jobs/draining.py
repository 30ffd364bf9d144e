"""The RQ job that is a drainer."""

import random

from comethooks.workers.drain.drainer import Drainer
from comethooks.workers.jobs.equipment import equipped
from comethooks.workers.jobs.queues import LONGEST_DRAINER_SECONDS, SHORTEST_DRAINER_SECONDS
from comethooks.workers.plugins.known import with_absent
from comethooks.workers.processes import keep_what_is_loaded
from comethooks.workers.streams.layout import fixed_layouts


def drain() -> None:
    """The RQ job: one drainer's life, ended early by SIGTERM once what is in progress has ended."""
    with equipped("drainer") as equipment:
        keep_what_is_loaded()
        settings = equipment.settings
        Drainer(
            settings,
            with_absent(equipment.plugins, equipment.client, settings.missing_plugin_wait),
            equipment.journal,
            equipment.services(),
            equipment.stop,
            equipment.signs,
            layout=fixed_layouts(equipment.client, settings.partitions).draining,
            life=random.uniform(SHORTEST_DRAINER_SECONDS, LONGEST_DRAINER_SECONDS),
        ).run()
