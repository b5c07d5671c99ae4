"""This module writes what is known of an attacker for other programs: JSON, CSV, STIX 2.1, MISP.

The same knowledge gives the same bytes: identifiers follow from values, times from events. No secret is written but in
the JSON, which is what ``attacker.show`` says.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from decnet_actors.domain.codec import plain
from decnet_actors.store.attacker_misp import event
from decnet_actors.store.attacker_operations import AttackerDetail, AttackerExport, ExportFormat
from decnet_actors.store.attacker_stix import bundle

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for one
COLUMNS = ("what", "value", "count", "first_seen", "last_seen", "detail")


def export(attacker: AttackerDetail, form: ExportFormat) -> AttackerExport:
    """Return what is known, as a file."""
    ending, media_type, write = FORMATS[form]
    name = attacker.address.replace(":", "-")
    return AttackerExport(name=f"attacker-{name}.{ending}", media_type=media_type, text=write(attacker))


def as_json(attacker: AttackerDetail) -> str:
    """Return all of it."""
    return _json(plain(attacker))


def as_csv(attacker: AttackerDetail) -> str:
    """Return one line for each thing it was seen with; no cell is a formula, for attackers choose their text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(attacker):
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row])
    return out.getvalue()


def _rows(of: AttackerDetail) -> Iterator[tuple[object, ...]]:
    yield "attacker", of.address, of.events, of.first_seen, of.last_seen, of.behaviour
    for tool in of.tools:
        yield "tool", tool, "", "", "", ""
    for visit in of.visits:
        yield "decky", visit.decky, visit.events, visit.first_seen, visit.last_seen, " ".join(visit.services)
    for mark in of.fingerprints:
        yield mark.kind, mark.value, mark.count, mark.first_seen, mark.last_seen, f"shared by {mark.others} others"
    for tried in of.tried:
        result = "accepted" if tried.accepted else "refused"
        yield "credential", tried.user or "", tried.count, "", "", f"{tried.kind}, {result}"
    for what, seen in (("command", of.command_lines), ("sha256", of.digests), ("url", of.urls)):
        for one in seen:
            yield what, one.value, one.count, one.first_seen, one.last_seen, ""


def _json(value: Mapping[str, Any]) -> str:  # Any: the shape of JSON
    return json.dumps(value, indent=2) + "\n"


FORMATS: Mapping[ExportFormat, tuple[str, str, Callable[[AttackerDetail], str]]] = {
    ExportFormat.JSON: ("json", "application/json", as_json),
    ExportFormat.CSV: ("csv", "text/csv", as_csv),
    ExportFormat.STIX: (
        "stix.json",
        "application/stix+json;version=2.1",
        lambda attacker: _json(bundle(attacker)),
    ),
    ExportFormat.MISP: ("misp.json", "application/json", lambda attacker: _json(event(attacker))),
}
