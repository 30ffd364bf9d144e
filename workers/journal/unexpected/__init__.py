"""What is not as expected in bodies: counting it up, and listing it."""
