"""What the shell shows of a machine's programs is what its decky serves."""

import random

import pytest
from attrs import evolve

from decnet_actors.domain.persona import Persona
from decnet_actors.machine import make_machine
from decnet_actors.machine.daemons import served
from decnet_actors.machine.persona import generate, with_services
from tests.decnet_actors.machine import shells
from tests.decnet_actors.machine.shells import NOW

SERVICES = {"ssh": 22, "http": 80, "redis": 6379, "telnet": 23}
PROGRAMS = {"ssh": "sshd", "http": "nginx", "redis": "redis-server", "telnet": "inetutils-inetd"}


def run(command: str, *, persona: Persona) -> str:
    """Return what a command prints on the machine of a persona."""
    host = make_machine(persona, random.Random(1), now=lambda: NOW)
    return shells.run(host, command).output.decode()


def persona(**services: int) -> Persona:
    return with_services(generate(7, "web-01", "192.0.2.10", NOW, distribution="debian:12"), services)


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_is_served_has_a_program(service):
    machine = persona(**{service: SERVICES[service]})
    listing = run("ps aux; netstat -ltnp; systemctl list-units", persona=machine)

    assert {PROGRAMS[service]} == {one.name for one in served(machine)}
    assert PROGRAMS[service] in listing
    others = [
        f":{port} " for name, port in SERVICES.items() if name != service and f":{port} " in listing.split("Proto")[1]
    ]
    assert [] == others, listing


def test_the_pid_of_a_program_is_the_same_everywhere():
    machine = persona(**SERVICES)
    pid = run("pgrep redis-server || ps aux | grep '[r]edis-server' | awk '{print $2}'", persona=machine).split()[0]

    assert f"{pid}/redis-server" in run("netstat -ltnp", persona=machine)
    assert run(f"cat /proc/{pid}/comm", persona=machine) == "redis-server\n"


def test_a_program_runs_as_an_account_of_the_machine():
    machine = persona(**SERVICES)
    names = {account.name for account in machine.accounts}

    assert {one.user for one in served(machine)} <= names
    assert "redis:x:" in run("cat /etc/passwd", persona=machine)


def test_a_machine_without_ssh_runs_no_sshd():
    machine = persona(telnet=23)

    assert "sshd" not in run("ps aux; netstat -tlnp; cat /run/sshd.pid", persona=machine).replace("/run/sshd.pid", "")


@pytest.mark.parametrize(
    ("package", "program", "accounts"),
    [
        ("vsftpd", "vsftpd", {"ftp"}),
        ("proftpd-core", "proftpd", {"proftpd", "ftp"}),
        ("pure-ftpd", "pure-ftpd", set()),
    ],
)
def test_ftp_is_served_by_the_one_server_of_the_machine(package, program, accounts):
    made = generate(7, "web-01", "192.0.2.10", NOW, distribution="debian:12")
    before = {account.name for account in made.accounts}
    machine = with_services(evolve(made, packages={package: "1"}), {"ftp": 21})

    assert accounts == {account.name for account in machine.accounts} - before
    assert [(program, 21)] == [(one.name, one.port) for one in served(machine)]
    assert f"/{program}" in run("netstat -ltnp", persona=machine)


def test_ftp_servers_differ_from_machine_to_machine():
    made = [generate(seed, "web-01", "192.0.2.10", NOW, distribution="debian:12").ftp_server for seed in range(40)]

    assert {"vsftpd", "proftpd-core", "pure-ftpd"} == set(made)
