"""This module writes times the way the machine does: in its own zone, in English."""

import time

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.persona import zone_letters

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def local(persona: Persona, when: float) -> time.struct_time:
    """Return the broken-down local time of a Unix time; years outside 1..9999 are clamped."""
    return time.gmtime(min(max(when + persona.utc_offset, -6e10), 2.5e11))


def syslog(persona: Persona, when: float) -> str:
    """Return ``Nov  3 07:05:09``."""
    t = local(persona, when)
    return f"{MONTHS[t.tm_mon - 1]} {t.tm_mday:2d} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"


def asctime(persona: Persona, when: float) -> str:
    """Return ``Mon Nov  3 07:05:09 2025``."""
    return f"{DAYS[local(persona, when).tm_wday]} {syslog(persona, when)} {local(persona, when).tm_year}"


def date(persona: Persona, when: float) -> str:
    """Return what ``date`` prints: ``Mon Nov  3 07:05:09 CET 2025``."""
    t = local(persona, when)
    return f"{DAYS[t.tm_wday]} {syslog(persona, when)} {zone_letters(persona)} {t.tm_year}"


def offset(persona: Persona) -> str:
    """Return ``+0100``."""
    sign, seconds = ("-", -persona.utc_offset) if persona.utc_offset < 0 else ("+", persona.utc_offset)
    return f"{sign}{seconds // 3600:02d}{seconds % 3600 // 60:02d}"
