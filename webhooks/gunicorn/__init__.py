"""gunicorn: how it is started, configured, and made to wait for nobody but Redis."""
