"""This module writes an attacker as a bundle of STIX 2.1 (OASIS standard).

Observables have the identifiers the standard derives from their values, so that two installations name one address
alike; those of everything else are derived in a name space of ours, so that an export replaces the one before it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, TypeAlias
from uuid import UUID, uuid5

from decnet_actors.store.attacker_operations import AttackerDetail

Object: TypeAlias = Mapping[str, Any]  # Any: the shape of JSON

OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")  # STIX 2.1, section 2.9
OURS = UUID("6f0b2a3e-5c1d-5b0e-9f57-d3c0e7a4b1d2")  # of everything the standard leaves to us
SENSOR = "DECNET"
SENSOR_CREATED = "2026-01-01T00:00:00.000Z"
MOST = 999_999_999  # of number_observed
ALGORITHM = "SHA-256"


def bundle(attacker: AttackerDetail) -> Object:
    """Return the bundle."""
    objects = list(_objects(attacker))
    known = {one["id"]: one for one in objects}
    return {
        "type": "bundle",
        "id": _id("bundle", attacker.address, str(attacker.last_seen)),
        "objects": list(known.values()),
    }


def observable(kind: str, contributing: Object, **more: Any) -> Object:  # Any: the shape of JSON
    """Return a cyber observable with the identifier that its contributing properties give it."""
    canonical = json.dumps(contributing, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    ident = f"{kind}--{uuid5(OBSERVABLES, canonical)}"
    return {"type": kind, "spec_version": "2.1", "id": ident, **contributing, **more}


def _objects(of: AttackerDetail) -> Iterator[Object]:
    sensor = {
        "type": "identity",
        "spec_version": "2.1",
        "id": _id("identity", SENSOR),
        "created": SENSOR_CREATED,
        "modified": SENSOR_CREATED,
        "name": SENSOR,
        "identity_class": "system",
    }
    yield sensor
    observables = list(_observables(of))
    yield from observables
    observed = _domain(
        of,
        "observed-data",
        first_observed=_moment(of.first_seen),
        last_observed=_moment(of.last_seen),
        number_observed=min(max(of.events, 1), MOST),
        object_refs=[one["id"] for one in observables],
    )
    actor = _domain(
        of,
        "threat-actor",
        name=of.address,
        description=f"An address that acted on {of.deckies} decoys, as {of.behaviour.replace('_', ' ')}.",
        threat_actor_types=["unknown"],
        first_seen=_moment(of.first_seen),
        last_seen=_moment(of.last_seen),
        labels=[of.behaviour],
    )
    indicator = _domain(
        of,
        "indicator",
        name=of.address,
        indicator_types=["malicious-activity"],
        pattern=f"[{observables[0]['type']}:value = '{of.address}']",
        pattern_type="stix",
        valid_from=_moment(of.first_seen),
    )
    yield from (observed, actor, indicator)
    yield _relation(of, indicator, "indicates", actor)
    yield _relation(of, indicator, "based-on", observed)
    for name in of.tools:
        tool = _domain(of, "tool", name, name=name)
        yield tool
        yield _relation(of, actor, "uses", tool)
    yield _domain(of, "note", content=_words(of), object_refs=[actor["id"]])


def _observables(of: AttackerDetail) -> Iterator[Object]:
    """Yield the observables, that of the address first."""
    yield observable(f"ipv{ip_address(of.address).version}-addr", {"value": of.address})
    for digest in of.digests:
        yield observable("file", {"hashes": {ALGORITHM: digest.value}})
    for url in of.urls:
        yield observable("url", {"value": url.value})
    for user in sorted({tried.user for tried in of.tried if tried.user}):
        yield observable("user-account", {"account_login": user})
    for command in of.command_lines:  # the standard names no property that identifies a process
        ident = _id("process", of.address, command.value)
        yield {"type": "process", "spec_version": "2.1", "id": ident, "command_line": command.value}


def _domain(of: AttackerDetail, kind: str, *names: str, **properties: Any) -> Object:  # Any: the shape of JSON
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, of.address, *names),
        "created_by_ref": _id("identity", SENSOR),
        "created": _moment(of.first_seen),
        "modified": _moment(of.last_seen),
        **properties,
    }


def _relation(of: AttackerDetail, source: Object, kind: str, target: Object) -> Object:
    return _domain(
        of,
        "relationship",
        source["id"],
        kind,
        target["id"],
        relationship_type=kind,
        source_ref=source["id"],
        target_ref=target["id"],
    )


def _words(of: AttackerDetail) -> str:
    clients = [f"{mark.kind}: {mark.value}" for mark in of.fingerprints]
    sums = f"{of.sessions} sessions, {of.credentials} credentials tried, {of.accepted} accepted"
    return "\n".join(
        (
            f"{sums}, {of.commands} commands, {of.files} files.",
            f"Decoys: {_listed([visit.decky for visit in of.visits])}.",
            *clients,
        )
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _id(kind: str, *names: str) -> str:
    return f"{kind}--{uuid5(OURS, json.dumps([kind, *names]))}"


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
