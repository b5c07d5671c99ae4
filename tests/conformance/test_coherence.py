"""Two hundred machines of every system, each with what its services say: no surface contradicts another."""

import random
import re
from typing import Any

import pytest
from attrs import evolve

from decnet_actors.app.greetings import QUESTIONS
from decnet_actors.conformance.fakes import fake_deps
from decnet_actors.contracts.decoy import Send
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.domain.peer import Peer
from decnet_actors.machine import make_machine
from decnet_actors.machine.coherence import Surfaces, check
from decnet_actors.machine.persona import generate, implausible, with_services
from decnet_actors.machine.releases import RELEASES
from plugins.decoy.http import PLUGIN as HTTP
from plugins.decoy.redis import PLUGIN as REDIS
from plugins.decoy.ssh.releases import offer_of
from plugins.decoy.telnet import PLUGIN as TELNET

NOW = 1_795_275_767.0
PEER = Peer(address="198.51.100.7", port=40000, local_address="10.0.0.5", local_port=23)
PORTS = {"ssh": 22, "http": 80, "telnet": 23, "redis": 6379}
PLUGINS: dict[str, Plugin[Any]] = {"http": HTTP, "redis": REDIS, "telnet": TELNET}


class Log:
    id = "s"
    peer = PEER

    def now(self):
        return NOW

    def note(self, fact):
        pass


def a_machine(name: str, seed: int):
    persona = generate(seed, "web-01", "10.0.0.5", NOW, distribution=name)
    services = {service: port for service, port in PORTS.items() if service not in implausible(name)}
    return make_machine(with_services(persona, services), random.Random(seed), now=lambda: NOW)


def greeting(service: str, machine) -> bytes:
    """Return what a service of the machine says to a peer that asks what every peer asks."""
    if service == "ssh":
        return b"SSH-2.0-" + offer_of(machine.persona)[1]
    plugin = PLUGINS[service]
    deps = evolve(fake_deps(service=service, persona=machine.persona, now=lambda: NOW), machine=machine)
    session = plugin.create(plugin.config(), deps).connect(Log())
    effects = [*session.opened(NOW)]
    if service in QUESTIONS:
        effects += session.received(QUESTIONS[service], NOW)
    return b"".join(effect.data for effect in effects if isinstance(effect, Send))


@pytest.mark.slow
@pytest.mark.parametrize("name", [row.name for row in RELEASES])
def test_no_surface_of_a_machine_contradicts_another(name):
    count = -(-200 // len(RELEASES))
    for seed in range(count):
        machine = a_machine(name, seed)
        greetings = {service: greeting(service, machine) for service in machine.persona.services}

        assert () == check(Surfaces(machine, NOW, greetings)), f"{name}, seed {seed}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["debian:12", "rocky:9", "alpine:3.19", "dvr:armv7", "router:mipsel"])
def test_a_greeting_of_another_machine_is_noticed(name):
    machine = a_machine(name, 1)
    services = machine.persona.services
    other = a_machine("ubuntu:20.04", 2)
    foreign = {service: greeting(service, other) for service in services if service in {"ssh", "http"}}

    found = check(Surfaces(machine, NOW, foreign))

    assert found
    assert {one.fact for one in found} <= {"version", "release", "ssh server"}


def test_a_clock_that_is_wrong_on_the_web_is_noticed():
    machine = a_machine("debian:12", 1)
    late = greeting("http", machine).replace(b"2026", b"2025")

    assert re.search(rb"Date: .*2025", late)
    assert ["time"] == [one.fact for one in check(Surfaces(machine, NOW, {"http": late}))]
