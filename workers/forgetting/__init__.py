"""Forgetting a user everywhere but in the journal: in plugins, in Redis and in files."""
