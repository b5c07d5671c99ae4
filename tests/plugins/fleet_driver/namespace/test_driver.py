"""Tests of the driver with its real helper, in a lab of namespaces: deckies answer an attacker at the cable's end."""

import asyncio
import contextlib
import errno
import gc
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from decnet_actors.conformance.fleet_driver import check_fleet_driver
from decnet_actors.contracts.fleet_driver import DriverUnreachableError, Place, PlaceState, Tier, Wanted
from decnet_actors.kernel import netns, nftables
from decnet_actors.kernel.personality import PERSONALITIES
from plugins.fleet_driver.namespace import PLUGIN
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from plugins.fleet_driver.namespace.errors import RefusedError
from plugins.fleet_driver.namespace.rules import Egress
from tests.netlab import ATTACKER, NETWORKS, NetLab

pytestmark = pytest.mark.slow  # each test starts a helper
WEB, DB = Wanted(decky="web-01", index=0), Wanted(decky="db-01", index=1)
WITHIN = 10.0
ECHO = bytes.fromhex("0800f7fd00010001")  # an ICMP echo request


async def listening(driver: NamespaceDriver, place: Place, port: int = 22) -> socket.socket:
    (listener,), _ = await driver.listen(place, port)
    return listener


def greets(lab: NetLab, listener: socket.socket, address: str, port: int = 22) -> str:
    """Return whom the decky sees when the attacker connects."""
    with lab.connect(address, port) as client:
        listener.settimeout(WITHIN)
        server, (peer, *_) = listener.accept()
        with server:
            server.sendall(b"hello\n")
            assert client.recv(6) == b"hello\n"
            assert server.getsockname()[0].removeprefix("::ffff:") == address
    return str(peer).removeprefix("::ffff:")


def inside(driver: NamespaceDriver, decky: str) -> contextlib.AbstractContextManager[None]:
    """Be in a decky's namespace, by its anchor."""
    namespace = netns.of_socket(driver._kept[decky].anchor.fileno())

    @contextlib.contextmanager
    def entered():
        try:
            with netns.inside(namespace):
                yield
        finally:
            os.close(namespace)

    return entered()


async def test_it_keeps_the_promises_of_a_fleet_driver(station):
    with netns.inside(station.lab.host):
        await check_fleet_driver(PLUGIN, config=station.config)


async def test_a_decky_answers_as_itself_by_ipv4_and_ipv6(station, drivers):
    driver = await drivers()
    place = await driver.create(WEB)
    with await listening(driver, place) as listener:
        assert [ATTACKER, "fd66::ffff"] == [greets(station.lab, listener, one) for one in place.addresses]
    neighbours = station.lab.run("ip", "neigh", "show", place.address)

    assert place.mac in neighbours
    assert (Tier.EXACT, "linux") == (place.tier, place.stack)


async def test_a_wanted_address_mac_and_stack_are_given(drivers):
    driver = await drivers()
    wanted = evolve(WEB, address="10.66.9.9", mac="00:0c:29:01:02:03", stack="windows-server-2019")

    got = await driver.create(wanted)

    assert ("10.66.9.9", "00:0c:29:01:02:03", "windows-server-2019") == (got.address, got.mac, got.stack)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"address": "10.67.0.1"}, r"web-01: 10\.67\.0\.1 is outside"),
        ({"mac": "01:00:5e:00:00:01"}, "web-01: .* group"),
        ({"stack": "beos"}, "web-01: no stack is called 'beos'; there are linux"),
    ],
)
def test_a_place_that_cannot_be_is_told_before_anything_is_made(station, change, why):
    with pytest.raises(RefusedError, match=why):
        NamespaceDriver(station.config).place(evolve(WEB, **change))


async def test_what_is_there_is_not_made_otherwise(drivers):
    driver = await drivers()
    await driver.create(WEB)

    with pytest.raises(OSError, match=r"web-01 is at 10\.66\.0\.1 already \(not as wanted\): remove it first"):
        await driver.create(evolve(WEB, address="10.66.0.9"))
    with pytest.raises(OSError, match=r"db-01 cannot have .*: it is web-01's") as raised:
        await driver.create(evolve(DB, mac=driver.place(WEB).mac))
    assert raised.value.errno == errno.EADDRINUSE


# What a SYN-ACK of each stack shows: TTL, window, kinds of options in order, don't-fragment.
MSS, NOP, SCALE, SACK, STAMP = 2, 1, 3, 4, 8
SHOWN = {
    "linux": (64, 65160, [MSS, SACK, STAMP, NOP, SCALE], True),
    "windows-10": (128, 65535, [MSS, NOP, SCALE, NOP, NOP, SACK], True),
    "windows-server-2016": (128, 8192, [MSS, NOP, SCALE, SACK, STAMP], True),
    "windows-server-2019": (128, 65535, [MSS, NOP, SCALE, NOP, NOP, SACK], True),
    "freebsd": (64, 65535, [MSS, NOP, SCALE, SACK, STAMP], True),
    "cisco-ios": (255, 4128, [MSS], False),
    "embedded": (64, 5840, [MSS], False),
}
SCALES = {"linux": 7, "windows-10": 8, "windows-server-2016": 8, "windows-server-2019": 8, "freebsd": 6}


def syn_ack(lab: NetLab, address: str, port: int) -> bytes:
    """Return the packet a decky answers a connection with, from its IPv4 header on."""
    with lab.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as tap:
        tap.settimeout(WITHIN)
        with lab.connect(address, port):
            while True:
                packet: bytes
                packet, (source, _) = tap.recvfrom(2048)
                tcp = packet[(packet[0] & 15) * 4 :]
                if source == address and tcp[13] & 0x12 == 0x12:
                    return packet


def options(tcp: bytes) -> dict[int, bytes]:
    """Return TCP options by kind, in order; padding counts once under its kind and position."""
    left = tcp[20 : (tcp[12] >> 4) * 4]
    found: dict[int, bytes] = {}
    while left:
        if left[0] == NOP:
            found[-len(found)] = b""
            left = left[1:]
        else:
            found[left[0]] = left[2 : left[1]]
            left = left[left[1] :]
    return found


def kinds(tcp: bytes) -> list[int]:
    return [kind if kind > 0 else NOP for kind in options(tcp)]


@pytest.mark.parametrize("stack", PERSONALITIES)
async def test_a_stack_is_read_back_and_shows_on_the_wire(station, drivers, stack):
    driver = await drivers()
    place = await driver.create(evolve(WEB, stack=stack))
    with await listening(driver, place):
        packet = syn_ack(station.lab, place.address, 22)
    tcp = packet[(packet[0] & 15) * 4 :]
    (window,) = struct.unpack_from("!H", tcp, 14)
    with inside(driver, "web-01"):
        switches = {
            name: Path(f"/proc/sys/{name.replace('.', '/')}").read_text().split()
            for name in PERSONALITIES[stack].sysctls
        }

    assert place.tier is Tier.EXACT
    assert SHOWN[stack] == (packet[8], window, kinds(tcp), bool(packet[6] & 0x40))
    assert {name: value.split() for name, value in PERSONALITIES[stack].sysctls.items()} == switches
    if stack in SCALES:
        assert options(tcp)[SCALE] == bytes([SCALES[stack]])


async def test_a_stack_that_rewrites_carries_data_both_ways(station, drivers):
    driver = await drivers()
    place = await driver.create(evolve(WEB, stack="windows-10"))
    data = bytes(range(256)) * 4096
    with await listening(driver, place) as listener, station.lab.connect(place.address, 22) as client:
        loop = asyncio.get_running_loop()
        listener.settimeout(0)
        server, _ = await loop.sock_accept(listener)
        server.settimeout(0)
        client.settimeout(0)
        with server:
            for one, other in ((client, server), (server, client)):
                sending = loop.create_task(loop.sock_sendall(one, data))
                got = b""
                async with asyncio.timeout(WITHIN):
                    while len(got) < len(data):
                        got += await loop.sock_recv(other, 65_536)
                    await sending

                assert got == data


async def test_a_datagram_is_answered_from_another_port_and_nobody_else_is(station, drivers):
    driver = await drivers()
    place = await driver.create(WEB)
    (asked,), _ = await driver.listen(place, 69, protocol="udp")
    (own,), port = await driver.listen(place, 0, protocol="udp")
    client, other = (station.lab.socket(kind=socket.SOCK_DGRAM) for _ in range(2))
    with asked, own, client, other:
        other.bind((ATTACKER, 0))
        client.settimeout(WITHIN)
        asked.settimeout(WITHIN)
        client.sendto(b"ask", (place.address, 69))
        _, peer = asked.recvfrom(100)
        own.sendto(b"answer", peer)

        assert (b"answer", (place.address, port)) == client.recvfrom(100)

        with pytest.raises(PermissionError):
            own.sendto(b"x", (f"::ffff:{ATTACKER}", other.getsockname()[1]))


async def test_nothing_leaves_a_decky_that_is_no_answer(station, drivers):
    driver = await drivers()
    place = await driver.create(WEB)
    (answering,), port = await driver.listen(place, 53, protocol="udp")
    with inside(driver, "web-01"), station.lab.socket() as target, contextlib.ExitStack() as stack:
        target.bind((ATTACKER, 0))
        target.listen()
        number = target.getsockname()[1]
        tcp, udp = (stack.enter_context(socket.socket(socket.AF_INET, kind)) for kind in (1, 2))
        ping = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        tcp6 = stack.enter_context(socket.socket(socket.AF_INET6, socket.SOCK_STREAM))
        for one in (tcp, udp, tcp6):
            one.settimeout(0.2)
        with pytest.raises((PermissionError, TimeoutError)):
            tcp.connect((ATTACKER, number))
        with pytest.raises((PermissionError, TimeoutError)):
            tcp6.connect(("fd66::ffff", number))
        with pytest.raises(PermissionError):
            udp.sendto(b"x", (ATTACKER, number))
        with pytest.raises(PermissionError):
            ping.sendto(ECHO, (ATTACKER, 0))
        target.settimeout(0)
        with pytest.raises(BlockingIOError):
            target.accept()
    with answering, station.lab.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(WITHIN)
        client.sendto(b"who?", (place.address, port))
        answering.settimeout(WITHIN)
        said, peer = answering.recvfrom(100)
        answering.sendto(said + b" me", peer)
        assert client.recv(100) == b"who? me"
        with pytest.raises(PermissionError):
            answering.sendto(b"unasked", (f"::ffff:{ATTACKER}", 9))
    with station.lab.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ping:
        ping.settimeout(WITHIN)
        ping.sendto(ECHO, (place.address, 0))
        packet, (source, _) = ping.recvfrom(100)
        assert (place.address, 0) == (source, packet[20])  # an echo reply


def routed(lab: NetLab, place: Place) -> bool:
    """Return whether the decky passes on a packet that is not for it: from a stranger, to the attacker."""
    with lab.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine, netns.inside(lab.attacker):
        mine.bind((ATTACKER, 0))
        mine.setblocking(False)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 29, 1, 0, 64, socket.IPPROTO_UDP, 0,
                           socket.inet_aton("10.66.0.78"), socket.inet_aton(ATTACKER))  # fmt: skip
        words = sum(struct.unpack("!10H", head))
        while words >> 16:
            words = (words & 0xFFFF) + (words >> 16)
        packet = head[:10] + struct.pack("!H", words ^ 0xFFFF) + head[12:]
        packet += struct.pack("!HHHH", 9, mine.getsockname()[1], 9, 0) + b"!"
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
            wire.bind(("eth0", 0))
            own = wire.getsockname()[4]
            wire.send(bytes.fromhex(place.mac.replace(":", "")) + own + b"\x08\x00" + packet)
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ping:
            ping.settimeout(WITHIN)
            ping.sendto(ECHO, (place.address, 0))  # what was passed on came before the answer to this
            while ping.recvfrom(100)[1][0] != place.address:
                pass
        try:
            return mine.recv(10) == b"!"
        except BlockingIOError:
            return False


async def test_a_decky_is_no_router_even_where_the_host_is_one(station, drivers):
    with netns.inside(station.lab.host):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    driver = await drivers()
    place = await driver.create(WEB)
    assert not routed(station.lab, place)

    with inside(driver, "web-01"):
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    assert not routed(station.lab, place), "the rules must hold it back by themselves"

    with inside(driver, "web-01"):
        nftables.apply("flush ruleset\n")
        for name in ("all", "eth0"):
            Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
    assert routed(station.lab, place), "or this test proves nothing"


async def test_egress_any_lets_a_decky_connect(station, drivers):
    driver = await drivers(evolve(station.config, egress=Egress.ANY))
    await driver.create(WEB)
    with inside(driver, "web-01"), station.lab.socket() as target:
        target.bind((ATTACKER, 0))
        target.listen()
        with socket.create_connection(target.getsockname(), WITHIN):
            target.settimeout(WITHIN)
            target.accept()[0].close()


async def test_decoys_answer_through_a_crash_of_the_helper_and_the_next_one_takes_over(station, drivers):
    driver = await drivers()
    place, other = await driver.create(WEB), await driver.create(DB)
    with await listening(driver, place) as listener:
        before = netns.cookie(listener)
        old = driver._process
        old.send_signal(signal.SIGKILL)
        await old.wait()

        assert greets(station.lab, listener, place.address) == ATTACKER
        seen = await driver.observe()  # reaches nobody, starts another
        assert {place, other} == {one.place for one in seen.values()}
        assert {PlaceState.UP} == {one.state for one in seen.values()}
        assert driver._process.pid != old.pid
        with await listening(driver, place, 80) as second:
            assert netns.cookie(second) == before
            assert greets(station.lab, second, place.address, 80) == ATTACKER
            assert greets(station.lab, listener, place.address) == ATTACKER
        assert place == await driver.create(WEB)


async def test_what_the_next_helper_will_not_take_over_is_told(station, drivers):
    driver = await drivers()
    await driver.create(WEB)
    await driver.create(DB)
    with inside(driver, "web-01"):
        subprocess.run(["ip", "link", "set", "eth0", "down"], check=True)
    assert (await driver.observe())["web-01"].state is PlaceState.BROKEN
    driver._process.kill()
    await driver._process.wait()

    seen = await driver.observe()

    assert PlaceState.UP is seen["db-01"].state
    assert (PlaceState.BROKEN, "web-01 at 10.66.0.1 cannot be adopted: its interface eth0 is down") == (
        seen["web-01"].state,
        seen["web-01"].detail,
    )
    await driver.remove("web-01")
    assert "web-01" not in await driver.observe()


def crash(driver: NamespaceDriver) -> None:
    """Let go of all that a killed daemon would let go of."""
    assert driver._link is not None
    driver._link.close()
    driver._link = None
    for kept in driver._kept.values():
        kept.anchor.close()
    driver._kept.clear()


async def emptied(lab: NetLab) -> None:
    """Return when the last decky is gone; the kernel takes namespaces down when it has time."""
    async with asyncio.timeout(WITHIN):
        while lab.deckies():
            await asyncio.sleep(0.01)


async def test_a_daemon_that_stops_in_order_leaves_no_decky_at_a_helper_that_stays(station, drivers):
    helper = station.helper(station.served)
    driver = await drivers(station.served)
    for index in range(20):
        await driver.create(Wanted(decky=f"d-{index}", index=index))
    await driver.aclose()
    await emptied(station.lab)

    assert helper.poll() is None
    assert not await (await drivers(station.served)).observe()


async def test_the_next_daemon_finds_what_was_made(station, drivers):
    station.helper(station.served)
    first = await drivers(station.served)
    place = await first.create(WEB)
    with await listening(first, place) as listener:
        cookie = netns.cookie(listener)
    crash(first)
    second = await drivers(station.served)

    assert {"web-01": place} == {name: one.place for name, one in (await second.observe()).items()}
    assert place == await second.create(WEB)
    with await listening(second, place) as listener:
        assert netns.cookie(listener) == cookie


AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))  # sd_listen_fds(3)
os.execv(sys.argv[2], sys.argv[2:])
"""


async def test_a_socket_of_systemds_is_served(station, drivers):
    command = [sys.executable, "-m", "plugins.fleet_driver.namespace.netd", *station.served.rules().arguments()]
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, netns.inside(station.lab.host):
        listener.bind(station.served.socket)
        listener.listen(4)
        number = listener.fileno()
        station.helpers.append(
            subprocess.Popen([sys.executable, "-c", AS_SYSTEMD, str(number), *command], pass_fds=[number])
        )
    driver = await drivers(station.served)

    assert Tier.EXACT is (await driver.create(WEB)).tier


async def test_deckies_nobody_comes_back_for_are_gone(station, drivers):
    helper = station.helper(station.served, "--linger", "0.05")
    driver = await drivers(station.served)
    await driver.create(WEB)
    assert helper.poll() is None
    crash(driver)

    assert 0 == await asyncio.to_thread(helper.wait, WITHIN)
    await emptied(station.lab)


ORPHAN = """
import asyncio, sys
from plugins.fleet_driver.namespace import NamespaceConfig
from plugins.fleet_driver.namespace.driver import NamespaceDriver
from decnet_actors.contracts.fleet_driver import Wanted
async def main():
    driver = NamespaceDriver(NamespaceConfig(parent="lan0", networks=sys.argv[2:], socket=sys.argv[1]))
    await driver.open()
    for number in range(5):
        place = await driver.create(Wanted(decky=f"d-{number}", index=number))
        kept = await driver.listen(place, 22)
    print(driver._process.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_a_kill_of_daemon_and_helper_leaves_nothing_behind(station):
    command = [sys.executable, "-c", ORPHAN, station.config.socket, *NETWORKS]
    with netns.inside(station.lab.host):
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    with daemon.stdout:
        helper = int(daemon.stdout.readline())
    assert len(station.lab.deckies()) == 5
    daemon.kill()
    daemon.wait(WITHIN)
    os.kill(helper, signal.SIGKILL)

    asyncio.run(emptied(station.lab))


async def test_the_helper_keeps_three_capabilities_and_can_get_no_more(drivers):
    driver = await drivers()
    status = Path(f"/proc/{driver._process.pid}/status").read_text().splitlines()
    shown = dict(line.split(":\t", 1) for line in status)

    assert {1 << 12 | 1 << 13 | 1 << 21} == {int(shown[name], 16) for name in ("CapEff", "CapPrm")}
    assert ("0", "1") == (shown["CapInh"].lstrip("0") or "0", shown["NoNewPrivs"])


async def test_a_helper_that_hangs_is_told_and_replaced(drivers):
    driver = await drivers()
    await driver.create(WEB)
    driver._patience = driver._link._patience = 0.1
    driver._process.send_signal(signal.SIGSTOP)
    with pytest.raises(DriverUnreachableError, match=r"did not answer observe in 0\.1 s"):
        await driver.observe()
    with pytest.raises(DriverUnreachableError, match="did not answer hello"):
        await driver.observe()
    driver._patience = WITHIN

    assert {"web-01"} == set(await driver.observe())


async def test_a_hundred_deckies_come_up_and_each_answers(station, drivers):
    driver = await drivers()
    with contextlib.ExitStack() as stack:
        found = {}
        for index in range(100):
            place = await driver.create(Wanted(decky=f"d-{index}", index=index))
            found[place.address] = stack.enter_context(await listening(driver, place))
        assert len(await driver.observe()) == 100  # more than one page
        assert {ATTACKER} == {greets(station.lab, listener, address) for address, listener in found.items()}


async def test_a_create_given_up_at_any_moment_can_be_asked_for_again_and_leaks_nothing(drivers):
    driver = await drivers()
    place = await driver.create(WEB)
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for turns in range(20):
        await driver.remove("web-01")
        asked = asyncio.get_running_loop().create_task(driver.create(WEB))
        for _ in range(turns):
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])

        assert place == await driver.create(WEB)
        assert {"web-01"} == set(await driver.observe())
        assert before == len(list(Path("/proc/self/fd").iterdir()))


async def test_removing_one_leaves_the_sockets_of_others_alone(station, drivers):
    driver = await drivers()
    web, db = await driver.create(WEB), await driver.create(DB)
    with await listening(driver, web) as gone, await listening(driver, db) as stays:
        cookie = netns.cookie(stays)
        await driver.remove("web-01")

        assert greets(station.lab, stays, db.address) == ATTACKER
        assert netns.cookie(stays) == cookie
        station.lab.run("ip", "neigh", "flush", "all")
        with pytest.raises(OSError):
            station.lab.connect(web.address, 22, timeout=0.2)
        gone.close()
    assert web.mac not in station.lab.deckies()


# When it cannot work, the error says what to do.


async def test_no_helper_and_no_leave_to_start_one_is_told(station, drivers):
    with pytest.raises(DriverUnreachableError, match=r"no decnet-netd listens on .*start decnet-netd\.socket, or set"):
        await drivers(station.served)


async def test_a_parent_that_is_not_there_is_told(station, drivers):
    with pytest.raises(DriverUnreachableError, match="this host has no interface eth9"):
        await drivers(evolve(station.config, parent="eth9"))


async def test_a_helper_without_capabilities_is_told(station, drivers):
    station.helper(station.served, within=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    with pytest.raises(DriverUnreachableError, match=r"needs CAP_NET_ADMIN and CAP_SYS_ADMIN.*run decnetd as root"):
        await drivers(station.served)


async def test_a_helper_with_other_options_is_told(station, drivers):
    station.helper(evolve(station.served, gateways=("10.66.0.254",)))
    with pytest.raises(DriverUnreachableError, match=r"other options than \[fleet\.namespace\] says: .*10\.66\.0\.254"):
        await drivers(station.served)


async def test_a_second_daemon_is_turned_away(station, drivers):
    station.helper(station.served)
    await drivers(station.served)
    with pytest.raises(DriverUnreachableError, match="another decnetd is connected"):
        await drivers(station.served)


async def test_a_stranger_is_turned_away(station):
    station.helper(station.served, "--user", "4711")
    program = (
        "import socket,sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.settimeout(10);"
        "s.connect(sys.argv[1]); print(s.recv(999).decode())"
    )
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c", program]
    station.folder.chmod(0o755)
    said = subprocess.run([*nobody, station.served.socket], capture_output=True, text=True, timeout=WITHIN, check=True)

    assert "uid 65534 may not use this" in said.stdout


@pytest.fixture
def without_nftables():
    """Return a command line that runs another where libnftables cannot be loaded."""
    found = list(Path("/usr/lib").glob("*/libnftables.so.1"))
    hide = "; ".join(f"mount --bind /dev/null {path.resolve()}" for path in found)
    return ["unshare", "--mount", "sh", "-c", f'{hide or ":"}; exec "$@"', "sh"]


async def test_without_nftables_a_stack_is_what_sysctls_can_do_and_says_so(station, drivers, without_nftables):
    config = evolve(station.served, egress=Egress.ANY)
    station.helper(config, within=without_nftables)
    driver = await drivers(config)
    place = await driver.create(evolve(WEB, stack="windows-10"))
    await driver.create(DB)
    seen = await driver.observe()

    assert place.tier is Tier.SYSCTL
    assert (PlaceState.UP, place) == (seen["web-01"].state, seen["web-01"].place)
    assert "libnftables.so.1 is not installed" in seen["web-01"].detail
    assert seen["db-01"].place.tier is Tier.EXACT  # linux needs no packet rules


async def test_without_nftables_nothing_is_made_that_could_not_be_contained(station, drivers, without_nftables):
    station.helper(station.served, within=without_nftables)
    with pytest.raises(DriverUnreachableError, match=r'install libnftables1, or set egress = "any"'):
        await drivers(station.served)


async def test_a_kernel_that_keeps_its_switches_is_told(station, drivers):
    config = station.served
    read_only = ["unshare", "--mount", "sh", "-c", 'mount --bind -o ro /proc/sys /proc/sys; exec "$@"', "sh"]
    station.helper(config, within=read_only)
    driver = await drivers(config)
    place = await driver.create(evolve(WEB, stack="windows-10"))

    assert place.tier is Tier.NONE
    assert "net.ipv4.ip_default_ttl" in (await driver.observe())["web-01"].detail


async def test_many_that_are_removed_together_are_swept_and_each_may_come_back_at_once(drivers, lab):
    driver = await drivers()
    wanted = [Wanted(decky=f"d-{number}", index=number) for number in range(20)]
    stays = await driver.create(Wanted(decky="stays", index=20))
    listener = await listening(driver, stays)
    with listener:
        places = [await driver.create(one) for one in wanted]
        assert not await driver.remove_all([one.decky for one in wanted])
        assert places[7] == await driver.create(wanted[7])
        async with asyncio.timeout(WITHIN):
            while lab.deckies() != {stays.mac, places[7].mac}:
                await asyncio.sleep(0)

        assert greets(lab, listener, stays.address) == ATTACKER
        assert set(await driver.observe()) == {"stays", "d-7"}
