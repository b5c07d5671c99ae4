"""The doctor says when address data is missing, old or incomplete, and what to do."""

import pytest

from decnet_actors.app.doctor_addresses import DAY, mapped
from decnet_actors.contracts.geoip_operations import GeoipSource, GeoipStatus
from decnet_actors.contracts.runtime_operations import CheckResult

OK, WARN = CheckResult.OK, CheckResult.WARN
SOURCE = GeoipSource(name="/srv/data", kind="rir", rows=9)
FAILING = GeoipSource(name="/srv/gone", problem="No such file or directory")


def status(**changes):
    known = {"created": 1.0, "age": 3 * DAY, "size": 3 << 20, "ranges_v4": 5, "ranges_v6": 2, "sources": (SOURCE,)}
    return GeoipStatus(**{"enabled": True, "refresh": "off", "refreshing": False, **known, **changes})


@pytest.mark.parametrize(
    ("state", "result", "evidence", "remedy"),
    [
        (status(), OK, "7 ranges, 3.0 MiB, 3 days old", ""),
        (status(enabled=False), OK, "turned off", ""),
        (status(created=None, age=None, sources=()), OK, "no source is configured", ""),
        (status(created=None, age=None), WARN, "there is no index yet", "decnetctl geoip refresh"),
        (status(created=None, age=None, problem="disk full"), WARN, "disk full", "decnetctl geoip refresh"),
        (status(sources=(SOURCE, FAILING)), WARN, "/srv/gone: No such file", "decnetctl geoip status"),
        (status(problem="disk full"), WARN, "3 days old; disk full", "decnetctl geoip status"),
        (status(age=61 * DAY), WARN, "61 days old", "decnetctl geoip refresh"),
        (status(refresh="daily"), WARN, "3 days old", "decnetctl geoip refresh"),
        (status(refresh="weekly"), OK, "3 days old", ""),
    ],
)
def test_address_data_is_judged_by_age_and_sources(state, result, evidence, remedy):
    got = mapped(state)

    assert (result, remedy) == (got[0], got[2])
    assert evidence in got[1]
