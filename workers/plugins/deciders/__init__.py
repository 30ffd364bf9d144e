"""What an author declares that decides on messages in flight."""
