"""Forgetting a user: what of each row goes, what stands in the place of the uid, what is left."""
