"""Replays in SQL: what was asked for, how far each has come, and what became of it."""
