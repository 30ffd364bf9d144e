"""What a trigger is: the table of them, their families, and what identifies an event."""
