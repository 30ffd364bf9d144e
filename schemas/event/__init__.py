"""What a handler reads: typed, immutable views of a body, in files named like those of `wire`."""
