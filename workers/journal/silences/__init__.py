"""What is kept of apps that were heard, and of their silences."""
