"""Events in files: the lines of an export, the bodies of a log, bookmarks."""
