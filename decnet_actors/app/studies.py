"""This module names the analyses: each follows the journal in an actor of its own, below ``decnetd/analysis``."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.analysis.campaign_study import NAME as CAMPAIGNS
from decnet_actors.analysis.campaign_study import CampaignStudy
from decnet_actors.analysis.identities import NAME as IDENTITIES
from decnet_actors.analysis.identities import IdentityStudy
from decnet_actors.contracts.analysis import Study
from decnet_actors.store.identity_tables import CampaignTables, IdentityTables

if TYPE_CHECKING:
    from decnet_actors.app.daemon import Daemon

Studies: TypeAlias = Mapping[str, Callable[[], Study]]  # what makes each, by the token of its actor


def studies(daemon: "Daemon") -> Studies:
    """Return the analyses."""
    engine = daemon.engine
    return {
        IDENTITIES: lambda: IdentityStudy(IdentityTables(engine), nowhere),
        CAMPAIGNS: lambda: CampaignStudy(CampaignTables(engine)),
    }


def nowhere(_address: str) -> str:
    """Return that it is not known which autonomous system an address belongs to."""
    return ""
