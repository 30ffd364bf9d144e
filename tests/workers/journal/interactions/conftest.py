"""A journal that is told of presses."""

import pytest

from comethooks.workers.journal import Journal
from tests.workers.journal.interactions.telling import Told


@pytest.fixture
def told(journal: Journal) -> Told:
    """A journal with its tables and nothing in them."""
    return Told(journal)
