"""The spool: where a host keeps on its own disk what Redis cannot take, until it can."""
