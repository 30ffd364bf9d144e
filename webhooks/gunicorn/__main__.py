"""`python -m comethooks.webhooks.gunicorn`: gunicorn, without what it does to the import path."""

import os

from gunicorn.app.wsgiapp import WSGIApplication  # type: ignore[import-untyped]


class _Application(WSGIApplication):  # type: ignore[misc]
    def chdir(self) -> None:
        """Go where the configuration says, and import nothing from there.

        gunicorn puts that folder in front of the import path, where a team's `redis.py` would hide
        the library.
        """
        os.chdir(self.cfg.chdir)


_Application("%(prog)s [OPTIONS] [APP_MODULE]").run()
