"""Presses on interactive messages, from the devices of end users."""
