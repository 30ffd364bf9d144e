"""Cases of moderation: messages that somebody is to look at, and what became of them."""
