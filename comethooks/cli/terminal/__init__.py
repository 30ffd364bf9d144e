"""What all commands share: their options, what they read from, and what they print."""
