"""Apps that nothing is heard of any more: when that is a silence, and who is told of it."""
