"""Redis: the streams that events wait in, the leases on them, and what is counted there."""
