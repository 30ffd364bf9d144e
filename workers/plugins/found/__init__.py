"""What plugins are loaded from, and what ours are that a file says."""
