"""This module is the doctor's look at address data: whether there is any, its age and size, and sources that fail."""

from decnet_actors.contracts.geoip_operations import GeoipStatus
from decnet_actors.contracts.runtime_operations import CheckResult

DAY = 86_400.0  # seconds
OLD = 60 * DAY  # addresses change hands, but not that fast
LATE = 2.0  # times the interval of refreshes
INTERVALS = {"daily": DAY, "weekly": 7 * DAY}
NAMED = 3  # sources of a problem that are named

Found = tuple[CheckResult, str, str]  # result, evidence, remedy


def mapped(status: GeoipStatus) -> Found:
    """Find address data that is missing, old or incomplete."""
    if not status.enabled:
        return CheckResult.OK, "turned off", ""
    if not status.sources and status.created is None:
        return CheckResult.OK, "no source is configured: countries and networks of attackers are not known", ""
    if status.age is None:
        evidence = status.problem or "sources are configured, but there is no index yet"
        return CheckResult.WARN, evidence, "decnetctl geoip refresh"
    count = status.ranges_v4 + status.ranges_v6
    evidence = f"{count} ranges, {status.size / 2**20:.1f} MiB, {status.age / DAY:.0f} days old"
    failing = [f"{source.name}: {source.problem}" for source in status.sources if source.problem]
    if failing or status.problem:
        said = "; ".join([*([status.problem] if status.problem else []), *failing[:NAMED]])
        return CheckResult.WARN, f"{evidence}; {said}", "decnetctl geoip status"
    if status.age > LATE * INTERVALS.get(status.refresh, OLD / LATE):
        return CheckResult.WARN, evidence, "decnetctl geoip refresh"
    return CheckResult.OK, evidence, ""
