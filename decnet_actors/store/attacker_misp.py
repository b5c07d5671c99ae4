"""This module writes an attacker as an event of MISP (the core format, draft-16)."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from decnet_actors.store.attacker_operations import AttackerDetail

OURS = UUID("4a5a4f0c-52c9-5a53-8a7e-0b6a3d0c2f11")  # the name space of our events
MARKS = {  # kinds of fingerprints -> type of the attribute; others are text
    "hassh": "hassh-md5",
    "user_agent": "user-agent",
}
LOW, MEDIUM = "3", "2"  # threat levels
INITIAL = "0"  # the analysis has only begun
OWN = "0"  # distribution: this organisation only

Attribute = tuple[str, str, str, bool, str]  # category, type, value, to_ids, comment


def event(attacker: AttackerDetail) -> Mapping[str, Any]:  # Any: the shape of JSON
    """Return the event."""
    ident = uuid5(OURS, attacker.address)
    stamp = str(int(attacker.last_seen))
    attributes = [
        {
            "uuid": str(uuid5(ident, json.dumps([kind, value, comment]))),
            "category": category,
            "type": kind,
            "value": value,
            "to_ids": to_ids,
            "comment": comment,
            "timestamp": stamp,
            "distribution": OWN,
        }
        for category, kind, value, to_ids, comment in _attributes(attacker)
    ]
    return {
        "Event": {
            "uuid": str(ident),
            "info": f"Attacker {attacker.address} on decoys: {attacker.behaviour.replace('_', ' ')}",
            "date": datetime.fromtimestamp(attacker.first_seen, UTC).strftime("%Y-%m-%d"),
            "timestamp": stamp,
            "threat_level_id": MEDIUM if attacker.accepted or attacker.files else LOW,
            "analysis": INITIAL,
            "distribution": OWN,
            "published": False,
            "Attribute": attributes,
            "Tag": [{"name": "tlp:amber"}, {"name": f"decnet:behaviour={json.dumps(attacker.behaviour)}"}],
        }
    }


def _attributes(of: AttackerDetail) -> Iterator[Attribute]:
    yield "Network activity", "ip-src", of.address, True, f"{of.events} events on {of.deckies} decoys"
    for mark in of.fingerprints:
        kind = MARKS.get(mark.kind, "text")
        category = "Other" if kind == "text" else "Network activity"
        yield category, kind, mark.value, False, f"{mark.kind}, shared by {mark.others} others"
    for digest in of.digests:
        yield "Payload delivery", "sha256", digest.value, True, "brought, or asked for"
    for url in of.urls:
        yield "Network activity", "url", url.value, True, "asked for"
    for command in of.command_lines:
        yield "Other", "text", command.value, False, "command"
    for tool in of.tools:
        yield "Other", "text", tool, False, "tool"
