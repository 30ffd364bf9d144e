"""Fetching what was missed."""
