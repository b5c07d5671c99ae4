"""This module tells a finding in one line."""

from collections.abc import Callable, Sequence

from decnet_actors.domain import findings
from decnet_actors.domain.facts import Fact

MAX_NAMED = 8  # members of a list that are named
Cut = Callable[[str | bytes], str]  # escapes and cuts what a peer chose


def finding(fact: Fact, cut: Cut) -> str | None:
    """Return what was found, ``None`` of what is no finding."""
    return _attacker(fact, cut) or _credential(fact, cut) or _identity(fact, cut) or _campaign(fact, cut)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return " ".join(names[:MAX_NAMED]) + more


def _attacker(fact: Fact, cut: Cut) -> str | None:
    match fact:
        case findings.AttackerObserved():
            return f"{cut(fact.address)} was seen for the first time, on {cut(fact.decky) or 'no decky'}"
        case findings.AttackerScored():
            return f"{cut(fact.address)} acts like {cut(fact.behaviour)}: {fact.events} events"
        case findings.AttackerTraversed():
            return f"{cut(fact.address)} went on to {fact.deckies} deckies: {cut(' '.join(fact.path))}"
        case findings.AttackerEnriched():
            said = ", ".join(f"{cut(one.provider)} {one.verdict}" for one in fact.opinions[:MAX_NAMED])
            return f"{cut(fact.address)} {fact.verdict} ({said})"
        case findings.TechniqueSeen():
            return f"{cut(fact.source)} {cut(fact.technique)} {cut(fact.name)} (rule {cut(fact.rule)})"
        case findings.AttackerFingerprinted():
            return f"{cut(fact.address)} port {fact.port} has the {cut(fact.probe)} {cut(fact.value)}"
        case findings.FingerprintRotated():
            return f"{cut(fact.address)} port {fact.port} has another {cut(fact.probe)} than before: {cut(fact.new)}"
        case _:
            return None


def _credential(fact: Fact, cut: Cut) -> str | None:
    match fact:
        case findings.CredentialReused():
            return (
                f"{cut(fact.kind)} of {fact.source_count} sources at {fact.target_count} targets, {fact.confidence:.2f}"
            )
        case findings.BaitUsed():
            planted = cut(" ".join(fact.planted))
            return f"bait of {planted}, by {cut(fact.source)} at {cut(fact.decky)} {cut(fact.service)}"
        case _:
            return None


def _identity(fact: Fact, cut: Cut) -> str | None:
    match fact:
        case findings.IdentityFormed():
            return f"identity {cut(fact.identity)} formed of {cut(_listed(fact.observations))}"
        case findings.IdentityObservationLinked():
            return f"{cut(fact.observation)} belongs to identity {cut(fact.identity)}"
        case findings.IdentityMerged():
            return f"identity {cut(fact.loser)} is the same as {cut(fact.winner)}"
        case findings.IdentityUnmerged():
            return f"identity {cut(fact.identity)} is not the same as {cut(fact.former)} any more"
        case findings.IdentityEvidenceChanged():
            return f"the evidence for identity {cut(fact.identity)} changed"
        case findings.IdentityDecided():
            what = "belong together" if fact.together else "are different"
            return f"an operator says that {cut(_listed([one for side in fact.sides for one in side]))} {what}"
        case findings.IdentityCampaignAssigned():
            return f"identity {cut(fact.identity)} is of campaign {cut(fact.campaign)}"
        case _:
            return None


def _campaign(fact: Fact, cut: Cut) -> str | None:
    match fact:
        case findings.CampaignFormed():
            return f"campaign {cut(fact.campaign)} formed of {cut(_listed(fact.identities))}"
        case findings.CampaignIdentityAssigned():
            return f"campaign {cut(fact.campaign)} has identity {cut(fact.identity)} now"
        case findings.CampaignMerged():
            return f"campaign {cut(fact.loser)} is the same as {cut(fact.winner)}"
        case findings.CampaignUnmerged():
            return f"campaign {cut(fact.campaign)} is not the same as {cut(fact.former)} any more"
        case _:
            return None
