"""This module makes what the console shows of secrets that were used again, from what was tried."""

from collections.abc import Iterable
from typing import Any

from decnet_actors.domain.reuse import Figures, confidence, reasons
from decnet_actors.store.credential_operations import CredentialDetail
from decnet_actors.store.reuse_operations import ReuseDetail, ReuseSource, ReuseTarget, ReuseUser
from decnet_actors.store.session_operations import CredentialUse

BAIT = b"deploy2024"


def reuses(credentials: Iterable[CredentialDetail]) -> list[ReuseDetail]:
    """Return the secrets, the last tried first."""
    by_secret: dict[bytes, list[CredentialDetail]] = {}
    for row in credentials:
        by_secret.setdefault(row.secret, []).append(row)
    found = [_reuse(secret, rows) for secret, rows in by_secret.items()]
    return sorted(found, key=lambda one: -one.last_seen)


def _reuse(secret: bytes, rows: list[CredentialDetail]) -> ReuseDetail:
    uses = [use for row in rows for use in row.uses]
    by: dict[str, list[CredentialUse]] = {}
    at: dict[tuple[str, str], list[CredentialUse]] = {}
    for use in uses:
        by.setdefault(use.source, []).append(use)
        at.setdefault((use.decky, use.service), []).append(use)
    planted = ("web-01",) if secret == BAIT else ()
    figures = Figures(sources=len(by), population=240, fewest=3, planted=planted)
    return ReuseDetail(
        id=rows[0].id,
        secret=secret,
        kind=rows[0].kind,
        sources=len(by),
        targets=len(at),
        attempts=sum(use.count for use in uses),
        accepted=sum(use.accepted for use in uses),
        confidence=confidence(figures),
        reasons=reasons(figures),
        planted=planted,
        first_seen=min(use.time for use in uses),
        last_seen=max(use.time for use in uses),
        who=tuple(ReuseSource(source=source, secrets=3, **_sums(theirs)) for source, theirs in by.items()),
        where=tuple(ReuseTarget(decky=place[0], service=place[1], **_sums(there)) for place, there in at.items()),
        users=tuple(
            ReuseUser(credential=row.id, user=row.user, mechanism=row.mechanism, count=row.count, accepted=row.accepted)
            for row in rows
        ),
        truncated=False,
    )


def _sums(uses: list[CredentialUse]) -> dict[str, Any]:  # Any: counts and times
    return {
        "attempts": sum(use.count for use in uses),
        "accepted": sum(use.accepted for use in uses),
        "first_seen": min(use.time for use in uses),
        "last_seen": max(use.time for use in uses),
    }
