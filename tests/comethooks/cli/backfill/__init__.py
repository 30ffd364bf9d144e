"""`comethooks backfill`."""
