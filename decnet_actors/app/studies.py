"""This module names the analyses: each follows the journal in an actor of its own, below ``decnetd/analysis``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.analysis.profiler import Profiler
from decnet_actors.analysis.reuse import ReuseStudy
from decnet_actors.analysis.rotations import Rotations
from decnet_actors.contracts.analysis import Study
from decnet_actors.fleet.baits import LaidOut
from decnet_actors.store.fingerprints import FingerprintTable
from decnet_actors.store.profiles import ProfileTable
from decnet_actors.store.reuse import ReuseTable

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon

Studies: TypeAlias = Mapping[str, Callable[[], Study]]  # what makes each, by the token of its actor


def studies(daemon: "Daemon") -> Studies:
    """Return the analyses."""
    return {
        Rotations.name: lambda: Rotations(FingerprintTable(daemon.engine)),
        Profiler.name: lambda: Profiler(ProfileTable(daemon.engine)),
        ReuseStudy.name: lambda: ReuseStudy(ReuseTable(daemon.engine), LaidOut(daemon.desired)),
    }
