"""This module names the analyses: each follows the journal in an actor of its own, below ``decnetd/analysis``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.analysis.techniques.study import Techniques
from decnet_actors.contracts.analysis import Study
from decnet_actors.store.technique_tags import TechniqueTagTable

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon

Studies: TypeAlias = Mapping[str, Callable[[], Study]]  # what makes each, by the token of its actor


def studies(daemon: "Daemon") -> Studies:
    """Return the analyses."""
    tags = TechniqueTagTable(daemon.engine)
    return {"techniques": lambda: Techniques(tags, lambda: daemon.configuration.rules)}
