"""First attempts: how a drainer reads events, runs handlers in order and journals the results."""
