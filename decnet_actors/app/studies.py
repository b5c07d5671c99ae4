"""This module names the analyses: each follows the journal in an actor of its own, below ``decnetd/analysis``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.analysis.campaign_study import NAME as CAMPAIGNS
from decnet_actors.analysis.campaign_study import CampaignStudy
from decnet_actors.analysis.identities import NAME as IDENTITIES
from decnet_actors.analysis.identities import IdentityStudy
from decnet_actors.analysis.profiler import Profiler
from decnet_actors.analysis.reuse import ReuseStudy
from decnet_actors.analysis.rotations import Rotations
from decnet_actors.analysis.techniques.study import Techniques
from decnet_actors.contracts.analysis import Study
from decnet_actors.fleet.baits import LaidOut
from decnet_actors.store.fingerprints import FingerprintTable
from decnet_actors.store.identity_tables import CampaignTables, IdentityTables
from decnet_actors.store.profiles import ProfileTable
from decnet_actors.store.reuse import ReuseTable
from decnet_actors.store.technique_tags import TechniqueTagTable

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon

Studies: TypeAlias = Mapping[str, Callable[[], Study]]  # what makes each, by the token of its actor


def studies(daemon: "Daemon") -> Studies:
    """Return the analyses."""
    engine = daemon.engine
    tags = TechniqueTagTable(engine)

    def system(address: str) -> str:
        """Return the autonomous system an address belongs to; empty where that is not known."""
        place = daemon.atlas.place(address)
        return f"AS{place.asn}" if place is not None and place.asn else ""

    return {
        Rotations.name: lambda: Rotations(FingerprintTable(engine)),
        Profiler.name: lambda: Profiler(ProfileTable(engine)),
        ReuseStudy.name: lambda: ReuseStudy(ReuseTable(engine), LaidOut(daemon.desired)),
        "techniques": lambda: Techniques(tags, lambda: daemon.configuration.rules),
        IDENTITIES: lambda: IdentityStudy(IdentityTables(engine), system),
        CAMPAIGNS: lambda: CampaignStudy(CampaignTables(engine)),
    }
