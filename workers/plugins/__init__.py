"""What an author declares, and how it is found, checked, loaded and watched."""
