"""The pytest plugin: the fixture `harness`. Every run of pytest imports this, so it imports next to
nothing.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from comethooks.testing import Harness


@pytest.fixture
def harness() -> Iterator["Harness"]:
    """Deliver events to a plugin, without network, servers or waiting: `harness.deliver(plugin,
    "message_sent")`.
    """
    from comethooks.testing import Harness

    with Harness() as made:
        yield made
