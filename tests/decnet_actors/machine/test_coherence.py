"""The rules of coherence see what was spoilt, and nothing else."""

import random

import pytest
from attrs import evolve

from decnet_actors.machine import make_machine
from decnet_actors.machine.coherence import RULES, Surfaces, check, rules_of
from decnet_actors.machine.persona import generate, with_services
from tests.decnet_actors.machine.shells import NOW


def surfaces(distribution: str = "debian:12", **changes) -> Surfaces:
    persona = with_services(generate(5, "web-01", "10.0.0.5", NOW, distribution=distribution), {"ssh": 22, "http": 80})
    machine = make_machine(persona, random.Random(1), now=lambda: NOW)
    machine.persona = evolve(persona, **changes)
    return Surfaces(machine, NOW)


def facts(spoilt: Surfaces) -> set[str]:
    return {one.fact for one in check(spoilt)}


@pytest.mark.parametrize("distribution", ["debian:12", "rocky:9", "alpine:3.19", "router:mipsel"])
def test_a_machine_as_made_holds_together(distribution):
    assert () == check(surfaces(distribution))


@pytest.mark.parametrize(
    ("path", "text", "fact"),
    [
        ("/etc/hostname", b"elsewhere\n", "hostname"),
        ("/etc/os-release", b'PRETTY_NAME="Arch Linux"\nVERSION_ID="12"\n', "release"),
        ("/etc/timezone", b"Mars/Olympus\n", "time zone"),
        ("/etc/group", b"root:x:0:\n", "group"),
        ("/etc/shadow", b"root:*:1:0:99999:7:::\n", "shadow"),
        ("/etc/redhat-release", b"Rocky Linux release 9.4\n", "release"),
        ("/run/sshd.pid", b"4194000\n", "process"),
        ("/var/lib/dpkg/status", b"Package: bash\nVersion: 1\n", "packages"),
        ("/etc/fstab", b"# swap is not here\n", "swap"),
    ],
)
def test_a_file_that_tells_another_story_is_noticed(path, text, fact):
    spoilt = surfaces()
    spoilt.machine.files.write(path, text, now=NOW)

    assert fact in facts(spoilt)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"kernel": "5.4.0-1-amd64"}, "kernel"),
        ({"memory_kib": 4096}, "memory"),
        ({"address": "10.9.9.9"}, "address"),
        ({"cpu_count": 99}, "processors"),
        ({"machine": "mips", "libc": "uclibc"}, "architecture"),
        ({"booted_at": NOW - 3600 * 24 * 900}, "uptime"),
        ({"services": {"ssh": 2222}}, "ports"),
    ],
)
def test_a_fact_that_only_some_surfaces_know_is_noticed(changes, fact):
    assert fact in facts(surfaces(**changes))


def test_a_network_card_that_only_some_surfaces_know_is_noticed():
    mac = surfaces().persona.mac

    assert facts(surfaces(mac=f"{mac[:9]}01:02:03")) == {"network card"}


def test_a_program_that_runs_and_is_not_there_is_noticed():
    spoilt = surfaces()
    spoilt.machine.files.remove("/usr/sbin/nginx", now=NOW)

    assert "program" in facts(spoilt)


def test_a_file_from_the_future_is_noticed():
    spoilt = surfaces()
    spoilt.machine.files.touch("/etc/passwd", now=NOW, accessed=None, modified=NOW + 9999)

    assert "age" in facts(spoilt)


def test_looking_changes_nothing_that_peers_could_see():
    host = surfaces()
    before = [list(host.names(folder)) for folder in ("/tmp", "/root", "/run", "/var/log")]

    check(host)

    assert before == [list(host.names(folder)) for folder in ("/tmp", "/root", "/run", "/var/log")]
    assert "" == host.run("who")


def test_a_machine_without_commands_is_asked_only_what_its_services_say():
    windows = generate(5, "fs-01", "10.0.0.5", NOW, distribution="windows:server-2019")
    host = Surfaces(make_machine(windows, random.Random(1), now=lambda: NOW), NOW)

    assert {"services", "windows"} == set(rules_of(host))
    assert () == check(host)
    assert set(rules_of(surfaces())) == set(RULES)
    linux = Surfaces(host.machine, NOW, {"ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"})
    assert "service" in {one.fact for one in check(linux)}
