"""What was kept, wherever it is by now: listing it, and watching it."""
