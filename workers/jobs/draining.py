"""The RQ job that is a drainer."""

import gc
import random

from comethooks.workers.drain.drainer import Drainer
from comethooks.workers.jobs.equipment import equipped
from comethooks.workers.jobs.queues import LONGEST_DRAINER_SECONDS, SHORTEST_DRAINER_SECONDS
from comethooks.workers.streams.layout import fixed_layouts

_GC_THRESHOLD = 10_000


def drain() -> None:
    """The RQ job: one drainer's life, ended early by SIGTERM once what is in progress has ended."""
    with equipped("drainer") as equipment:
        # What is loaded by now stays. Looking through all of it again and again would cost a
        # quarter of the throughput.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD)
        settings = equipment.settings
        Drainer(
            settings,
            equipment.plugins,
            equipment.journal,
            equipment.services(),
            equipment.stop,
            layout=fixed_layouts(equipment.client, settings.partitions).draining,
            life=random.uniform(SHORTEST_DRAINER_SECONDS, LONGEST_DRAINER_SECONDS),
        ).run()
