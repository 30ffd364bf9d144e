"""Backups: everything that a deployment keeps in one file, and a deployment from such a file."""
