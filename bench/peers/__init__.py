"""What others do with the same work on the same machine, measured in turn with comethooks."""
