"""Patterns that hang other engines hang nobody here."""

import time
from pathlib import Path

import pytest

from comethooks.workers.moderation.rules_file import read_rules
from comethooks.workers.moderation.text_patterns import PatternIndex


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 60_000 + "b"),
        ("(a|a)*c", "a" * 60_000),
        ("(.*)*x=(.*)*y=", "x=" * 30_000),
        ("([a-z]+)*[0-9]", "z" * 60_000),
    ],
)
def test_a_pattern_takes_no_longer_than_the_text_is_long(
    tmp_path: Path, pattern: str, text: str
) -> None:
    """Python's own engine would be at it for years."""
    path = tmp_path / "rules.toml"
    path.write_text(f"version = 1\n[[rule]]\nname = 'slow'\npatterns = ['{pattern}']\n")
    index = PatternIndex(read_rules(path).rules)
    began = time.thread_time()
    assert list(index.found_in(text)) == []
    assert time.thread_time() - began < 0.5
