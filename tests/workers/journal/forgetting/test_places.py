"""Whoever adds a column says what becomes of it when a user is forgotten."""

from pathlib import Path

import pytest

from comethooks.workers.journal.forgetting.other_rows import PLACES
from comethooks.workers.journal.forgetting.remains import columns_of_text
from comethooks.workers.journal.tables import (
    case_tables,
    decision_table,
    figure_tables,
    forgetting_table,
    interaction_tables,
    message_table,
    silence_tables,
)
from comethooks.workers.journal.tables.models import metadata

PAGE = (Path(__file__).parents[4] / "docs/forgetting.md").read_text()
LOADED = (
    *(case_tables, decision_table, figure_tables, forgetting_table, interaction_tables),
    *(message_table, silence_tables),
)
"""All that declare tables, so that no table is missed."""


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_every_column_of_text_is_in_the_list(name: str) -> None:
    """The page names each column of a table that can hold text or bytes."""
    [row] = [
        line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line[:45]
    ]
    columns = [column.name for column in columns_of_text(metadata.tables[name])]
    assert [column for column in columns if f"`{column}`" not in row.partition(" | ")[2]] == []


def test_every_place_is_a_column() -> None:
    """What is looked through is there."""
    for place in PLACES:
        assert set(place.columns) <= set(place.table.c.keys())
