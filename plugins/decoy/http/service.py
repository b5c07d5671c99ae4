"""This module makes the HTTP service of one decky."""

from decnet_actors.contracts.decoy import DecoyDeps, SessionLog
from plugins.decoy.http import HttpConfig
from plugins.decoy.http.pages import Pages
from plugins.decoy.http.session import HttpSession


class HttpService:
    """See ``contracts.decoy.DecoyService``. Keeps the pages, and the cookies handed out."""

    def __init__(self, config: HttpConfig, deps: DecoyDeps) -> None:
        self._pages = Pages(config, deps)

    async def open(self) -> None:
        """Nothing to get ready."""

    def connect(self, log: SessionLog) -> HttpSession:
        """Return the session of one connection."""
        return HttpSession(self._pages, log)

    async def aclose(self) -> None:
        """Nothing to let go of."""
