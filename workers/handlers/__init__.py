"""One run of one handler: the function, its context, and what it does to the outside."""
