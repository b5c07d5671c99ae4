"""This module defines what a plugin is: a plain object chosen by name and hosted by an actor."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import field, frozen

C = TypeVar("C")


@frozen(kw_only=True)
class Plugin(Generic[C]):
    """A thing that can be chosen by name.

    ``id`` is ``<kind>.<name>`` and equals the entry point's name and the folder's path. ``config`` is a frozen
    attrs class and the only source of options, defaults and help. ``create(config, deps)`` is pure: no I/O, no
    clock; what it returns keeps the protocol of its kind (``contracts.decoy``, ``contracts.fleet_driver``).
    """

    id: str
    config: type[C]
    create: Callable[[C, Any], Any]  # Any: each kind has deps and a protocol of its own
    summary: str
    needs: frozenset[str] = field(default=frozenset())  # capabilities the host must have, e.g. {"net.raw"}

    @property
    def kind(self) -> str:
        """The part before the first dot."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The part after the first dot."""
        return self.id.partition(".")[2]
