"""Moderation: what rules in a file find in messages, and what they would have done about it."""
