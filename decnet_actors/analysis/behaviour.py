"""This module tells what kind of attacker acts like this: rules in order, and tools that give themselves away."""

from collections.abc import Iterable, Sequence

from attrs import frozen

from decnet_actors.domain.behaviour import Behaviour
from decnet_actors.domain.profile import Gaps


@frozen
class Rhythm:
    """How regularly a tool calls home: seconds, and how much both may differ."""

    tool: str
    interval: float
    interval_tolerance: float
    variation: float
    variation_tolerance: float


# Defaults of the tools' own configuration: sleep and jitter.
RHYTHMS = (
    Rhythm("cobalt_strike", 60, 8, 0.20, 0.05),
    Rhythm("sliver", 60, 10, 0.30, 0.08),
    Rhythm("havoc", 45, 8, 0.10, 0.03),
    Rhythm("mythic", 30, 6, 0.15, 0.03),
)
AGENTS = {  # what a user agent contains
    "nmap scripting engine": "nmap",
    "nikto": "nikto",
    "sqlmap": "sqlmap",
    "nuclei": "nuclei",
    "masscan": "masscan",
    "zgrab": "zgrab",
    "metasploit": "metasploit",
    "python-requests": "python-requests",
    "gobuster": "gobuster",
    "dirbuster": "dirbuster",
    "hydra": "hydra",
    "wfuzz": "wfuzz",
}


def behaviour(gaps: Gaps, services: int) -> Behaviour:
    """Return how somebody acts; the first rule that fits wins.

    Args:
        gaps: between acts.
        services: that were touched.

    """
    count, mean, variation = gaps.count, gaps.mean, gaps.variation
    if count < 3 or mean is None or variation is None:  # noqa: PLR2004  numbers of the rule, here and below
        return Behaviour.UNKNOWN
    if services >= 2 and mean >= 10 and count >= 4:  # noqa: PLR2004  as above
        return Behaviour.SLOW_SCAN
    if (services >= 3 and mean < 10) or (services >= 2 and mean < 2):  # noqa: PLR2004  as above
        return Behaviour.SCANNING
    if services == 1 and count >= 8 and mean < 5 and variation < 0.6:  # noqa: PLR2004  as above
        return Behaviour.BRUTE_FORCE
    if variation < 0.35 and mean >= 5 and count >= 4:  # noqa: PLR2004  as above
        return Behaviour.BEACONING
    if variation >= 0.5 and mean < 5 and count >= 6:  # noqa: PLR2004  as above
        return Behaviour.INTERACTIVE
    return Behaviour.MIXED


def rhythmic(gaps: Gaps) -> list[str]:
    """Return the tools that call home like this, for somebody who is beaconing."""
    mean, variation = gaps.mean, gaps.variation
    if mean is None or variation is None:
        return []
    return [
        rhythm.tool
        for rhythm in RHYTHMS
        if abs(mean - rhythm.interval) <= rhythm.interval_tolerance
        and abs(variation - rhythm.variation) <= rhythm.variation_tolerance
    ]


def named(headers: Sequence[tuple[bytes, bytes]]) -> Iterable[str]:
    """Yield the tools that tell their names in the headers of a request."""
    for name, value in headers:
        text = value.decode("latin-1").lower()
        match name.lower():
            case b"user-agent":
                yield from (tool for sign, tool in AGENTS.items() if sign in text)
                if text.startswith("curl/"):
                    yield "curl"
            case b"x-mailer" if "gophish" in text:
                yield "gophish"
            case _:
                pass
