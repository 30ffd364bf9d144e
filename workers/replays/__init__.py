"""What a replay means: which runs it asks for, their lines, and what they emit."""
