"""Everything that was kept, wherever it is by now: listing it, watching it, matching it."""
