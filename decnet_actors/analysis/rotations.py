"""This module is the study that notices when a service of an attacker is told by something else than before."""

from collections.abc import Sequence

from decnet_actors.contracts.analysis import NOTHING, Findings, Found
from decnet_actors.contracts.fingerprints import Fingerprints, Service, Told
from decnet_actors.domain.findings import AttackerFingerprinted, FingerprintRotated
from decnet_actors.domain.records import Entry


class Rotations:
    """A study of ``AttackerFingerprinted``.

    Args:
        fingerprints: what services were told by; the table of this study.

    """

    name = "rotations"

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprints = fingerprints

    async def study(self, entries: Sequence[Entry]) -> Findings:
        """Return the rotations in entries, and what services are told by after them."""
        looks = [
            (entry.record.time, entry.record.fact)
            for entry in entries
            if isinstance(entry.record.fact, AttackerFingerprinted)
        ]
        if not looks:
            return NOTHING
        told = dict(await self._fingerprints.last({_service(fact) for _, fact in looks}))
        found: list[Found] = []
        for time, fact in looks:
            service = _service(fact)
            before = told.get(service)
            after = told[service] = look(before, fact.value, time)
            if before is not None and after.rotations > before.rotations:
                rotated = FingerprintRotated(
                    address=fact.address,
                    port=fact.port,
                    probe=fact.probe,
                    old=before.value,
                    new=fact.value,
                    rotations=after.rotations,
                )
                found.append(Found(finding=rotated, time=time))
        return Findings(work=self._fingerprints.kept(told), found=found)


def look(before: Told | None, value: str, time: float) -> Told:
    """Return what a service is told by after a look that showed ``value``."""
    if before is None:
        return Told(value=value, rotations=0, first_seen=time, last_seen=time)
    rotations = before.rotations + (value != before.value)
    return Told(value=value, rotations=rotations, first_seen=before.first_seen, last_seen=max(before.last_seen, time))


def _service(fact: AttackerFingerprinted) -> Service:
    return Service(fact.address, fact.port, fact.probe)
