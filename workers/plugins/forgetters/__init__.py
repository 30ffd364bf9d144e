"""Functions of plugins that forget a user, and how they are called."""
