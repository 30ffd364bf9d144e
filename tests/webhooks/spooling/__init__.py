"""Tests of what a web process does with its spool."""
