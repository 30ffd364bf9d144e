"""The spool as a web process uses it: what Redis does not take goes there, and comes back."""
