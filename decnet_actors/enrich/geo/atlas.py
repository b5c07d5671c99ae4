"""This module holds the index in force: lookups go on while it is exchanged, and while its actor is restarted."""

from decnet_actors.contracts.geography import Place
from decnet_actors.enrich.geo.index import Index


class Atlas:
    """Answers where addresses are (``contracts.geography.Geography``)."""

    def __init__(self) -> None:
        self._index: Index | None = None
        self.problem = ""  # why there is no index, or an old one
        self.refreshing = False

    @property
    def index(self) -> Index | None:
        """The index in force."""
        return self._index

    def use(self, index: Index | None) -> None:
        """Answer from another index from now on."""
        self._index = index

    def place(self, address: str) -> Place | None:
        """Return what is known of an address, ``None`` when nothing is."""
        index = self._index
        return index.place(address) if index is not None else None
