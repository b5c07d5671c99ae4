"""Port scans are recognised by how many ports they try, or by packets that nobody else sends."""

import pytest

from decnet_actors.domain.sensed import PortScanSeen, SynSeen
from decnet_actors.sensors.scans import LONGEST, MAX_PORTS, MAX_SCANS, MAX_TARGETS, NEEDED, QUIET
from decnet_actors.wire.packets import ACK, FIN, PSH, RST, SYN, URG
from tests.decnet_actors.sensors.lines import DB, WEB, Line

PROBE = bytes.fromhex("03030a0102040109080affffffff000000000402")


@pytest.fixture
def line():
    return Line()


def scans(line, after=QUIET):
    return [one.fact for one in line.seen(PortScanSeen, after)]


def test_a_few_ports_are_no_scan_and_one_more_is(line):
    for port in range(NEEDED - 1):
        line.syn(port + 1, sport=port + 1)
    assert scans(line) == []
    for port in range(NEEDED):
        line.syn(port + 1, sport=port + 1000)
    (scan,) = scans(line)

    assert ("syn", NEEDED, (1, 2, 3, 4, 5), ("web-01",), 0) == (
        scan.kind, scan.targets, scan.ports, scan.deckies, scan.completed,
    )  # fmt: skip


def test_one_port_again_and_again_is_no_scan(line):
    for number in range(50):
        line.syn(22, sport=1000 + number)

    assert scans(line) == []


def test_one_port_of_many_deckies_counts_as_many(line):
    for number, port in enumerate((22, 23, 80)):
        for to in (WEB, DB):
            line.syn(port, to=to, sport=1000 + number)
    (scan,) = scans(line)

    assert (6, (22, 23, 80), ("db-01", "web-01")) == (scan.targets, scan.ports, scan.deckies)


def test_a_scan_is_told_when_it_pauses_and_not_before(line):
    for port in range(1, 12):
        line.syn(port, after=QUIET - 1)
        assert scans(line, after=0) == []

    assert 1 == len(scans(line))


def test_a_scan_that_goes_on_is_told_each_minute(line):
    told = []
    for port in range(1, 200):
        line.syn(port, sport=port, after=1.0)
        told += scans(line, after=0)
    told += scans(line)

    assert len(told) == 4
    assert 199 == sum(scan.packets for scan in told)
    assert all(scan.duration <= LONGEST for scan in told)


@pytest.mark.parametrize(("flags", "kind"), [(0, "null"), (FIN, "fin"), (FIN | PSH | URG, "xmas")])
def test_packets_no_connection_has_are_a_scan_each(line, flags, kind):
    line.odd(22, flags)
    line.odd(80, flags)
    (scan,) = scans(line)

    assert (kind, 2, (22, 80)) == (scan.kind, scan.packets, scan.ports)
    assert line.seen(SynSeen) == []


def test_half_open_connections_are_a_syn_scan_and_whole_ones_a_connect_scan(line):
    for port in range(1, 8):
        line.syn(port, sport=port)
        line.answer(SYN | ACK, sport=port, dport=port)
        line.reset(sport=port, dport=port)
    (half,) = scans(line)
    for port in range(1, 8):
        line.connect(port, sport=1000 + port)
    (whole,) = scans(line)

    assert ("syn", 0, "connect", 7) == (half.kind, half.completed, whole.kind, whole.completed)


def test_the_probes_of_nmap_for_systems_are_known_by_name_and_are_no_other_scan(line):
    line.odd(22, 0, window=128, options=PROBE)
    line.odd(22, SYN | FIN | URG | PSH, window=256, options=PROBE)
    line.odd(22, ACK, window=1024, options=PROBE)
    line.odd(1, ACK, window=32_768, options=PROBE)
    line.odd(1, FIN | PSH | URG, window=65_535, options=PROBE.replace(b"\x03\x03\x0a", b"\x03\x03\x0f"))
    (scan,) = scans(line)

    assert ("nmap_os", ("T2", "T3", "T4", "T6", "T7"), (1, 22)) == (scan.kind, scan.probes, scan.ports)


def test_too_few_probes_are_a_coincidence(line):
    line.odd(22, ACK, window=1024, options=PROBE)
    line.odd(22, RST, window=1024, options=PROBE)

    assert scans(line) == []


def test_a_scan_of_everything_is_counted_within_bounds(line):
    for port in range(1, 3000):
        line.odd(port, FIN)
    (scan,) = scans(line)

    assert (2999, MAX_TARGETS, MAX_PORTS) == (scan.packets, scan.targets, len(scan.ports))


@pytest.mark.slow
def test_scans_from_everywhere_push_out_one_another(line):
    for number in range(MAX_SCANS + 100):
        line.syn(80, source=f"172.16.{number // 256}.{number % 256}", after=0.0001)

    assert len(line.watch._scans) == MAX_SCANS
