"""Tests of the driver with a real Docker Engine: an attacker at the cable's end reaches deckies in containers."""

import asyncio
import errno
import ipaddress
import os
import re
import signal
import socket
import threading
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import evolve

from decnet_actors.conformance.fleet_driver import check_fleet_driver
from decnet_actors.contracts.fleet_driver import DriverUnreachableError, Observed, PlaceState, Tier, Wanted
from decnet_actors.contracts.inside import Command
from decnet_actors.kernel import nftables, sysctl
from decnet_actors.kernel.nftables import NftablesError
from plugins.fleet_driver.docker import PLUGIN, netns
from plugins.fleet_driver.docker.driver import DockerDriver
from plugins.fleet_driver.docker.engine import Engine
from tests.plugins.fleet_driver.docker.conftest import WITHIN, said
from tests.plugins.fleet_driver.docker.lan import ATTACKER, IMAGE

pytestmark = pytest.mark.server
WEB = Wanted(decky="web-01", index=0, hostname="srv-web", mac="00:50:56:0a:0b:0c")
DB = Wanted(decky="db-01", index=1)
ECHO = bytes.fromhex("0800f7fd00010001")  # an ICMP echo request


@pytest.fixture
async def engine(config):
    made = Engine(config.socket)
    yield made
    await made.aclose()


@pytest.fixture
async def place(driver):
    return await driver.create(WEB)


@pytest.fixture
async def standing(config):
    """A driver and a decky's place, for tests that leave it as it is: all of them have the same."""
    made = DockerDriver(evolve(config, installation="standing"))
    try:
        await made.open()
        yield made, await made.create(evolve(WEB, address="10.99.6.1", mac="00:50:56:0a:0b:0d"))
    finally:
        await made.aclose()


def container_of(config, wanted=WEB):
    return f"{config.installation}-{wanted.decky}"


def call(address, port, within=WITHIN):
    """Return a client connected to a decky; run where it is to come from."""
    return socket.create_connection((address, port), timeout=within)


async def other(config, **changes):
    """Return a driver of a daemon that was started later."""
    made = DockerDriver(evolve(config, **changes))
    await made.open()
    return made


async def fault(driver, decky="web-01"):
    observed = (await driver.observe())[decky]
    assert observed.state is PlaceState.BROKEN
    return observed.detail


async def test_keeps_the_promises_of_its_kind(config):
    await check_fleet_driver(PLUGIN, config=config)


# What an attacker sees.


async def test_an_attacker_is_answered_by_our_socket_and_seen_with_its_address(standing, made_lan):
    driver, place = standing
    (listener,), port = await driver.listen(place, 22)
    with listener, await made_lan.attack(lambda: call(place.address, 22)) as client:
        listener.settimeout(WITHIN)
        server, peer = listener.accept()
        with server:
            server.sendall(b"SSH-2.0-x\r\n")

            assert (22, ATTACKER) == (port, peer[0])
            assert client.recv(100) == b"SSH-2.0-x\r\n"


async def test_a_datagram_is_answered(standing, made_lan):
    driver, place = standing
    (listener,), _ = await driver.listen(place, 161, protocol="udp")
    with listener, await made_lan.attack(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.settimeout(WITHIN)
        listener.settimeout(WITHIN)
        client.sendto(b"ask", (place.address, 161))
        data, peer = listener.recvfrom(100)
        listener.sendto(b"answer", peer)

        assert (b"ask", b"answer") == (data, client.recv(100))


async def test_a_port_without_a_service_is_closed_as_on_any_machine(standing, made_lan):
    _, place = standing
    with pytest.raises(ConnectionRefusedError):
        await made_lan.attack(lambda: call(place.address, 81))


async def test_it_answers_a_ping_with_the_mac_it_was_given(standing, made_lan):
    _, place = standing

    def ping():
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            raw.settimeout(WITHIN)
            raw.sendto(ECHO, (place.address, 0))
            return raw.recv(100)[20], Path("/proc/thread-self/net/arp").read_text()

    kind, neighbours = await made_lan.attack(ping)

    assert kind == 0
    assert [line.split()[3] for line in neighbours.splitlines() if line.startswith(place.address + " ")] == [place.mac]


# What gets out.


def sniffer(lan):
    """Return a socket that hears every frame at the attacker's end of the cable."""

    def opened():
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))  # ETH_P_ALL
        made.settimeout(0)
        return made

    return lan.attack(opened)


def heard(sniffer, address):
    """Return the IP packets from an address."""
    packets: list[bytes] = []
    while True:
        try:
            frame, (_, _, direction, *_) = sniffer.recvfrom(65535)
        except BlockingIOError:
            return packets
        if (b"\x08\x00", ipaddress.IPv4Address(address).packed) == (frame[12:14], frame[26:30]):
            assert direction != socket.PACKET_OUTGOING
            packets.append(frame)


ATTEMPTS = {
    "tcp": ("nc", "-w", "1", ATTACKER, "80"),
    "udp": ("nslookup", "x.example", ATTACKER),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_nothing_that_runs_inside_gets_a_packet_out(driver, place, made_lan, attempt, engine, config):
    with await sniffer(made_lan) as ears:
        await said(driver, "web-01", *ATTEMPTS[attempt])

        assert [] == heard(ears, place.address)

        async with engine.asking() as docker:  # the same where nobody has closed the way out: the ears are not deaf
            await docker.containers.container(container_of(config)).restart()
        await said(driver, "web-01", *ATTEMPTS[attempt])

        assert heard(ears, place.address)


ELSEWHERE = "10.99.250.1"


def through(mac):
    """Send a packet for somebody else to a MAC, and return whether its owner looks for him, once it has answered us."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003)) as wire:
        wire.bind(("eth0", 0x0003))
        wire.settimeout(WITHIN)
        ours = wire.getsockname()[4]
        for target in (ELSEWHERE, "10.99.6.2"):
            addresses = ipaddress.IPv4Address(ATTACKER).packed + ipaddress.IPv4Address(target).packed
            packet = bytes.fromhex("4500001c00000000") + bytes([64, socket.IPPROTO_ICMP, 0, 0]) + addresses
            packet = packet[:10] + checksum(packet) + packet[12:]
            wire.send(bytes.fromhex(mac.replace(":", "")) + ours + b"\x08\x00" + packet + ECHO)
        asked = False
        while True:
            frame = wire.recv(65535)
            asked |= frame[12:14] == b"\x08\x06" and frame[38:42] == ipaddress.IPv4Address(ELSEWHERE).packed
            if frame[12:14] == b"\x08\x00" and frame[26:30] == ipaddress.IPv4Address("10.99.6.2").packed:
                return asked


def checksum(header):
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    return ((~((total & 0xFFFF) + (total >> 16))) & 0xFFFF).to_bytes(2, "big")


async def test_a_decky_is_no_router_even_where_the_host_is_one(driver, made_lan, engine, config):
    place = await driver.create(evolve(WEB, address="10.99.6.2", mac="00:50:56:0a:0b:0e"))

    async def forwarding():
        told = await engine.inspect(container_of(config))
        assert told is not None
        namespace = netns.namespace_of(told["State"]["Pid"])
        try:
            await netns.inside(namespace, lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
        finally:
            os.close(namespace)

    await forwarding()
    assert not await made_lan.attack(lambda: through(place.mac))

    async with engine.asking() as docker:
        await docker.containers.container(container_of(config)).restart()
    await forwarding()
    assert await made_lan.attack(lambda: through(place.mac))


async def test_dockers_resolver_answers_nobody(driver, place, engine, config):
    question = ("nslookup", container_of(config))

    assert place.address not in await said(driver, "web-01", *question)

    async with engine.asking() as docker:  # it would: all that is in the way is what closes the container in
        await docker.containers.container(container_of(config)).restart()

    assert place.address in await said(driver, "web-01", *question)


async def test_a_program_that_listens_inside_is_not_reached_from_outside(standing, made_lan):
    driver, place = standing

    def knock():
        with pytest.raises(TimeoutError):
            call(place.address, 4444, within=0.3)

    server = ("nc", "-l", "-p", "4444", "-e", "echo", "gotcha")
    async with asyncio.timeout(WITHIN), driver.inside.run("web-01", Command(words=server)):
        while not re.search(
            r":115C 0+:0000 0A", await said(driver, "web-01", "cat", "/proc/net/tcp", "/proc/net/tcp6")
        ):
            pass
        await made_lan.attack(knock)

        assert await said(driver, "web-01", "nc", "127.0.0.1", "4444") == "gotcha\n"


async def test_a_program_inside_reaches_the_decoys_of_its_own_machine(standing):
    driver, place = standing
    (listener,), _ = await driver.listen(place, 80)
    with listener:
        listener.settimeout(WITHIN)
        async with driver.inside.run("web-01", Command(words=("nc", "127.0.0.1", "80"))) as program:
            server, _ = await asyncio.to_thread(listener.accept)
            with server:
                server.sendall(b"hello")
                output = await program.read()

    assert output is not None
    assert output.data == b"hello"


# What a container may do.


async def test_a_container_has_no_privilege_and_cannot_get_one(standing):
    driver, place = standing
    status = dict(
        line.split(":\t") for line in (await said(driver, place.decky, "cat", "/proc/self/status")).splitlines()
    )

    assert {"CapEff": "0000000000000000", "CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}.items() <= (
        status.items()
    )


async def test_only_tmp_and_run_can_be_written(standing):
    driver, place = standing
    wrote = await said(
        driver, place.decky, "sh", "-c", "cd /; for d in etc root bin tmp run; do touch $d/x && echo $d; done"
    )

    assert ["tmp", "run"] == [line for line in wrote.splitlines() if " " not in line]


async def test_it_is_called_what_the_decky_is_called(standing):
    driver, place = standing
    assert await said(driver, place.decky, "hostname") == "srv-web\n"


async def test_processes_are_limited(config):
    driver = await other(config, processes=8)
    try:
        await driver.create(WEB)
        complaint = await said(driver, "web-01", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; kill 0")
    finally:
        await driver.aclose()

    assert "can't fork" in complaint


async def test_memory_is_limited(config):
    driver = await other(config, memory=16 * 1024 * 1024)
    try:
        await driver.create(WEB)
        async with driver.inside.run(
            "web-01", Command(words=("sh", "-c", "x=0123456789abcdef; while :; do x=$x$x; done"))
        ) as program:
            while await program.read() is not None:
                pass
            status = await program.status()
    finally:
        await driver.aclose()

    assert status in {2, 137}  # the shell gave up, or the kernel killed it


# What is found again.


async def test_a_daemon_that_comes_later_adopts_what_is_there(driver, place, config, engine):
    before = await engine.inspect(container_of(config))
    later = await other(config)
    try:
        assert {"web-01": Observed(place=place, state=PlaceState.UP)} == await later.observe()
        assert place == await later.create(WEB)
        after = await engine.inspect(container_of(config))
        assert before is not None
        assert after is not None
        assert (before["Id"], before["State"]["StartedAt"]) == (after["Id"], after["State"]["StartedAt"])
    finally:
        await later.aclose()


async def test_a_container_that_has_ended_is_broken_and_started_again(driver, place, config, engine):
    async with engine.asking() as docker:
        await docker.containers.container(container_of(config)).kill()

    assert await fault(driver) == "its container is exited, exit status 137"
    with pytest.raises(OSError, match=r"web-01 cannot listen on 10\.99\.4\.1:22: web-01: its container is exited"):
        await driver.listen(place, 22)
    assert place == await driver.create(WEB)
    assert {"web-01": Observed(place=place, state=PlaceState.UP)} == await driver.observe()


async def test_a_paused_container_is_broken(driver, place, config, engine):
    async with engine.asking() as docker:
        await docker.containers.container(container_of(config)).pause()

    assert await fault(driver) == "its container is paused"


async def test_a_container_that_somebody_restarted_is_broken_until_it_is_closed_again(driver, place, config, engine):
    async with engine.asking() as docker:
        await docker.containers.container(container_of(config)).restart()

    assert await fault(driver) == "its way out is open: somebody else started its container"
    assert place == await driver.create(WEB)
    assert {"web-01": Observed(place=place, state=PlaceState.UP)} == await driver.observe()


async def test_what_was_made_with_other_settings_is_broken_and_refused_until_it_is_removed(driver, place, config):
    later = await other(config, memory=64 * 1024 * 1024)
    try:
        assert await fault(later) == "its container was made with other settings"
        with pytest.raises(FileExistsError, match=r"web-01 .* made with other settings"):
            await later.create(WEB)
        await later.remove("web-01")
        assert place == await later.create(WEB)
    finally:
        await later.aclose()


async def test_a_strangers_container_of_that_name_is_refused_and_left_alone(driver, config, engine):
    async with engine.asking() as docker:
        made = await docker.containers.create({"Image": IMAGE, "Cmd": ["sleep", "1"]}, name=container_of(config))
    try:
        with pytest.raises(FileExistsError, match=r"web-01 .*10\.99\.4\.1.* and not ours"):
            await driver.create(WEB)
        await driver.remove("web-01")

        assert {} == await driver.observe()
        assert await engine.inspect(made.id) is not None
    finally:
        await engine.remove(made.id)


async def test_two_installations_do_not_see_each_other(driver, place, config):
    neighbour = await other(config, installation=f"{config.installation}-b")
    try:
        assert {} == await neighbour.observe()
        await neighbour.remove("web-01")
        with pytest.raises(OSError, match=r"web-01 cannot be at 10\.99\.4\.1: "):
            await neighbour.create(WEB)  # the engine knows that the address is taken
        assert {} == await neighbour.observe()
        assert ["web-01"] == list(await driver.observe())
    finally:
        await neighbour.aclose()


# What goes wrong.


async def test_a_container_that_cannot_start_is_told_with_its_decky_and_leaves_nothing(config):
    driver = await other(config, idle=("no-such-program",))
    try:
        with pytest.raises(OSError, match=r"web-01 cannot be at 10\.99\.4\.1: .*no-such-program"):
            await driver.create(WEB)
        assert {} == await driver.observe()
    finally:
        await driver.aclose()


class Unfiltered(DockerDriver):
    """Runs where the packet filter cannot be loaded."""

    async def _in_container(self, container, work):
        raise NftablesError("no packet filter in this kernel")


async def test_a_container_that_cannot_be_closed_in_is_not_left_running(config):
    driver = Unfiltered(config)
    try:
        with pytest.raises(OSError, match=r"web-01 cannot be at 10\.99\.4\.1: no packet filter in this kernel"):
            await driver.create(WEB)
        assert {} == await driver.observe()
    finally:
        await driver.aclose()


async def test_a_container_whose_way_out_cannot_be_seen_is_broken(place, config):
    driver = Unfiltered(config)
    try:
        assert await fault(driver) == "its way out cannot be seen: no packet filter in this kernel"
    finally:
        await driver.aclose()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"image": "decnet/none:1"}, "no image 'decnet/none:1' and nothing is pulled: docker pull decnet/none:1"),
        ({"network": "none-such"}, r"no network 'none-such': docker network create"),
        ({"network": "none"}, "not in a subnet of the network none"),
        ({"pool": "10.98.0.0/24"}, r"10\.98\.0\.0/24 is not in a subnet of the network lan"),
        ({"pool": "10.99.255.0/24"}, r"has the gateway of the network lan in it, 10\.99\.255\.254"),
    ],
)
async def test_what_the_engine_lacks_is_told_at_the_start(config, changes, complaint):
    driver = DockerDriver(evolve(config, **changes))
    try:
        with pytest.raises(ValueError, match=complaint):
            await driver.open()
    finally:
        await driver.aclose()


async def test_an_engine_that_hangs_is_unreachable_and_what_is_there_stays(driver, place, made_lan, monkeypatch):
    monkeypatch.setattr(driver._engine, "_within", 0.2)
    made_lan.engine.send_signal(signal.SIGSTOP)
    try:
        for asked in (driver.observe(), driver.create(DB), driver.remove("web-01"), driver.listen(place, 22)):
            with pytest.raises(DriverUnreachableError, match=r"no answer within 0\.2 s"):
                await asked
    finally:
        made_lan.engine.send_signal(signal.SIGCONT)
    monkeypatch.undo()

    assert place == (await driver.observe())["web-01"].place


async def test_nothing_of_ours_stays_in_a_container(standing):
    driver, place = standing

    def namespaces():
        for thread in threading.enumerate():
            if thread.name.startswith("inside"):
                thread.join(WITHIN)
        threads = [thread.native_id for thread in threading.enumerate()]
        return {Path(f"/proc/self/task/{number}/ns/net").readlink() for number in threads}

    home = namespaces()
    (listener,), port = await driver.listen(place, 0)
    with listener, await driver.probe(place, port):
        assert home == namespaces()
    assert home == {Path("/proc/self/ns/net").readlink()}


async def test_a_decky_without_a_container_cannot_listen(driver):
    with pytest.raises(FileNotFoundError, match=r"db-01 cannot listen on 10\.99\.4\.2:22: db-01 has no container"):
        await driver.listen(driver.place(DB), 22)


async def test_a_decky_is_not_seen_as_broken_while_it_is_made(driver):
    looks = 0
    async with asyncio.TaskGroup() as group:
        making = [group.create_task(driver.create(one)) for one in (WEB, DB)]
        while not all(one.done() for one in making):
            looks += 1
            assert {PlaceState.UP} >= {one.state for one in (await driver.observe()).values()}

    assert looks > 1
    assert {"web-01", "db-01"} == (await driver.observe()).keys()


class Stopping(Engine):
    """Stops when the engine has done what its n-th question was for, as nobody hears of it."""

    def __init__(self, socket, stop_at, how):
        super().__init__(socket)
        self.asked, self.stop_at, self.how = 0, stop_at, how

    @asynccontextmanager
    async def asking(self):
        self.asked += 1
        stops = self.asked == self.stop_at
        try:
            async with super().asking() as docker:
                yield docker
        finally:
            if stops:
                raise self.how


async def test_a_daemon_that_ends_in_the_middle_of_making_a_decky_leaves_what_the_next_can_go_on_with(config):
    stop_at, finished = 0, False
    while not finished:
        stop_at += 1
        driver = DockerDriver(config)
        driver._engine = Stopping(config.socket, stop_at, asyncio.CancelledError)
        try:
            await driver.create(WEB)
            finished = True
        except asyncio.CancelledError:
            pass
        finally:
            await driver.aclose()
        later = await other(config)
        try:
            place = await later.create(WEB)
            assert {"web-01": Observed(place=place, state=PlaceState.UP)} == await later.observe()
            if not finished:
                await later.remove("web-01")
        finally:
            await later.aclose()

    assert stop_at > 5  # looks, lists, makes, starts, looks, looks again


async def test_an_engine_that_goes_away_in_the_middle_of_a_look_is_unreachable(place, config):
    stop_at, seen = 0, None
    while seen is None:
        stop_at += 1
        driver = DockerDriver(config)
        driver._engine = Stopping(config.socket, stop_at, DriverUnreachableError)
        try:
            seen = await driver.observe()
        except DriverUnreachableError:
            continue
        finally:
            await driver.aclose()

    assert {"web-01": Observed(place=place, state=PlaceState.UP)} == seen
    assert stop_at > 4  # lists, looks, looks again, looks once more from inside


async def test_a_taken_port_is_told(standing):
    driver, place = standing
    (listener,), port = await driver.listen(place, 0)
    with listener, pytest.raises(OSError, match=rf"web-01 cannot listen on 10\.99\.6\.1:{port}: ") as caught:
        await driver.listen(place, port)

    assert errno.EADDRINUSE == caught.value.errno


async def test_the_services_of_a_decky_may_all_ask_for_it_at_once(driver):
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(driver.create(WEB)) for _ in range(3)]

    assert {evolve(driver.place(WEB), tier=Tier.EXACT)} == {one.result() for one in asked}
    assert ["web-01"] == list(await driver.observe())


async def test_a_place_has_what_was_wanted(driver):
    place = driver.place(evolve(WEB, stack="freebsd"))

    assert ("10.99.4.1", WEB.mac, "freebsd", Tier.NONE) == (place.address, place.mac, place.stack, place.tier)
    assert (driver.place(DB).mac, driver.place(DB).stack) == ("02:42:0a:63:04:02", "linux")


async def test_a_stack_that_nobody_knows_is_refused_with_those_there_are(driver):
    with pytest.raises(ValueError, match="web-01: no stack is called 'windows'; there are linux, windows-10"):
        driver.place(evolve(WEB, stack="windows"))


def pinged(address):
    """Return the time to live that an answer came with; run where the question is to come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ping:
        ping.settimeout(WITHIN)
        ping.sendto(ECHO, (address, 0))
        return ping.recv(200)[8]


async def test_a_stack_is_anothers_and_what_is_lost_of_it_comes_back_at_the_next_look(driver, made_lan, engine, config):
    wanted = evolve(WEB, stack="windows-10", address="10.99.6.7", mac="00:50:56:0a:0b:0e")
    place = await driver.create(wanted)
    assert ("windows-10", Tier.EXACT) == (place.stack, place.tier)
    assert await made_lan.attack(lambda: pinged(place.address)) == 128

    told = await engine.inspect(container_of(config))
    namespace = netns.namespace_of(told["State"]["Pid"])
    try:
        await netns.inside(namespace, lambda: nftables.apply("delete table inet persona\n"))
        await netns.inside(namespace, lambda: sysctl.set_all({"net.ipv4.ip_default_ttl": "64"}))
    finally:
        os.close(namespace)
    assert await made_lan.attack(lambda: pinged(place.address)) == 64

    assert {"web-01": Observed(place=place, state=PlaceState.UP)} == await driver.observe()
    assert await made_lan.attack(lambda: pinged(place.address)) == 128


async def test_a_daemon_that_adopts_a_decky_applies_its_stack_again(driver, made_lan, engine, config):
    place = await driver.create(evolve(WEB, stack="windows-10", address="10.99.6.8", mac="00:50:56:0a:0b:0f"))
    told = await engine.inspect(container_of(config))
    namespace = netns.namespace_of(told["State"]["Pid"])
    try:
        await netns.inside(namespace, lambda: sysctl.set_all({"net.ipv4.ip_default_ttl": "64"}))
    finally:
        os.close(namespace)
    later = await other(config)
    try:
        assert place == (await later.observe())["web-01"].place
    finally:
        await later.aclose()

    assert await made_lan.attack(lambda: pinged(place.address)) == 128
