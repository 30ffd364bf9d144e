"""A whole journal as a file, and back: what a backup is made of."""
