"""Deciding on messages in flight: the deciders of this process, and what is answered."""
