"""Files that say what a plugin of ours does: how they are read, checked and told about."""
