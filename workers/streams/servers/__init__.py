"""Redis on several machines: which server is the primary, and what its replicas have of it."""
