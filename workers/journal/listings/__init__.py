"""What is read from the journal for people: which rows a listing wants, and what they become."""
