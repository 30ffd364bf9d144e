"""Commands that run something: everything (`up`), or one part of it."""
