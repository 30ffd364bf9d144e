"""Processes that start, watch and end others."""
