"""The doctor says which file is open to others, and how to close it."""

from pathlib import Path

import pytest

from decnet_actors.app.doctor import (
    GROUPS_OWN,
    NAMESPACES,
    PRIVATE,
    _descriptors,
    _housing,
    _limit,
    _neighbour_limit,
    _placed,
    _private,
    _room,
    _unread,
)
from decnet_actors.contracts.fleet_driver import Observed, Place, PlaceState, Tier
from decnet_actors.contracts.runtime_operations import CheckResult


def seen(state: PlaceState = PlaceState.UP, tier: Tier = Tier.EXACT, stack: str = "windows-10", detail: str = ""):
    place = Place(decky="web-01", address="10.0.0.1", stack=stack, tier=tier)
    return {"web-01": Observed(place=place, state=state, detail=detail)}


@pytest.mark.parametrize(
    ("places", "result", "evidence"),
    [
        (seen(), CheckResult.OK, "1 place as made"),
        (seen(stack="", tier=Tier.NONE), CheckResult.OK, "1 place as made"),
        (seen(PlaceState.BROKEN, detail="eth0 is gone"), CheckResult.FAIL, "1 broken: web-01: eth0 is gone"),
        (seen(PlaceState.WAITING, detail="nobody"), CheckResult.FAIL, "1 without an address: web-01: nobody"),
        (
            seen(tier=Tier.SYSCTL, detail="no nft"),
            CheckResult.WARN,
            "1 without their whole stack: web-01 (windows-10): sysctl, no nft",
        ),
    ],
)
def test_a_place_that_is_not_as_it_should_be_is_named_with_the_reason(places, result, evidence):
    assert (result, evidence) == _placed(places)[:2]


@pytest.mark.parametrize(
    ("deckies", "limit", "result"),
    [(0, 1024, CheckResult.OK), (256, 1024, CheckResult.OK), (257, 1024, CheckResult.WARN), (9000, 0, CheckResult.OK)],
)
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_neighbour_table_too_small_for_the_fleet_is_told_with_the_number_it_needs(deckies, limit, result, family):
    other = "ipv6" if family == "ipv4" else "ipv4"
    found = _room({family: deckies, other: 1}, {family: limit, other: 1024})

    assert result is found[0]
    if result is CheckResult.WARN:
        assert f"sysctl -w net.{family}.neigh.default.gc_thresh3={deckies * 4} " in found[2]
        assert other not in found[2]


def test_the_limits_are_the_kernels_own():
    assert _neighbour_limit("ipv4") == int(Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").read_text())
    assert _limit(NAMESPACES) == int(NAMESPACES.read_text())
    assert 0 == _limit(Path("/proc/sys/none"))


@pytest.mark.parametrize(
    ("soft", "places", "services", "result", "remedy"),
    [
        (4096, 0, 0, CheckResult.OK, ""),
        (4095, 0, 0, CheckResult.WARN, "LimitNOFILE=65536 in the unit, or ulimit -n 65536"),
        (4096, 1, 0, CheckResult.WARN, "LimitNOFILE=65536 in the unit, or ulimit -n 65536"),
        (65_536, 1000, 5000, CheckResult.OK, ""),
        (65_536, 10_000, 50_000, CheckResult.WARN, "LimitNOFILE=131072 in the unit, or ulimit -n 131072"),
    ],
)
def test_descriptors_are_counted_against_the_fleet(soft, places, services, result, remedy):
    found = _descriptors(soft, soft, places, services)

    assert (result, remedy) == (found[0], found[2])


@pytest.mark.parametrize(
    ("deckies", "limit", "result"),
    [(0, 10, CheckResult.OK), (936, 1000, CheckResult.OK), (937, 1000, CheckResult.WARN), (937, 0, CheckResult.OK)],
)
def test_too_few_namespaces_are_told_with_the_number_the_fleet_needs(deckies, limit, result):
    found = _housing(deckies, limit)

    assert result is found[0]
    assert (found[2] == "sysctl -w user.max_net_namespaces=1001") is (result is CheckResult.WARN)


def test_a_secret_that_others_may_read_fails_with_its_remedy(tmp_path):
    closed, opened = tmp_path / "closed", tmp_path / "opened"
    for path, mode in ((closed, 0o600), (opened, 0o644)):
        path.touch()
        path.chmod(mode)

    assert _unread([closed])[0] is CheckResult.OK
    assert _unread([closed, opened]) == (CheckResult.FAIL, f"{opened} has mode 644", f"chmod 600 {opened}")


@pytest.mark.parametrize(
    ("mode", "forbidden", "result", "remedy"),
    [
        (0o700, PRIVATE, CheckResult.OK, ""),
        (0o750, PRIVATE, CheckResult.FAIL, "chmod 700"),
        (0o755, PRIVATE, CheckResult.FAIL, "chmod 700"),
        (0o700, GROUPS_OWN, CheckResult.OK, ""),
        (0o750, GROUPS_OWN, CheckResult.OK, ""),
        (0o770, GROUPS_OWN, CheckResult.FAIL, "chmod 750"),
        (0o751, GROUPS_OWN, CheckResult.FAIL, "chmod 750"),
    ],
)
def test_a_folder_open_to_more_than_it_should_be_fails(tmp_path, mode, forbidden, result, remedy):
    tmp_path.chmod(mode)
    got = _private(tmp_path, forbidden)

    assert got[0] is result
    assert got[2] == (f"{remedy} {tmp_path}" if remedy else "")
