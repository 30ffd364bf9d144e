"""Measurements of the whole thing with real servers: `make bench`, or `python -m bench NAME`."""
