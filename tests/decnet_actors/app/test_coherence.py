"""decky.check over the ports of a fleet: what a service says on a socket is compared with its machine."""

import random
import socket

import pytest

from decnet_actors.app.coherence import CoherenceCheck
from decnet_actors.app.selftest import Target
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.fleet_driver import Place
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.ctl.coherence import judge
from decnet_actors.fleet.check_operations import DeckyCheckArgs
from decnet_actors.machine import make_machine
from decnet_actors.machine.persona import generate, with_services

NOW = 1_795_275_767.0
CALLER = Caller(name="ana", role=Role.ADMIN, via="local")


class Street:
    """A driver whose services say one thing each and close, or are not there."""

    def __init__(self, said: bytes | None) -> None:
        self.said = said

    async def probe(self, place, port):
        if self.said is None:
            raise ConnectionRefusedError
        here, there = socket.socketpair()
        there.sendall(self.said)
        there.shutdown(socket.SHUT_WR)
        there.close()
        return here


def a_check(said: bytes | None) -> CoherenceCheck:
    persona = with_services(generate(5, "web-01", "10.0.0.5", NOW, distribution="debian:12"), {"ssh": 22})
    machine = make_machine(persona, random.Random(1), now=lambda: NOW)
    place = Place(decky="web-01", address="10.0.0.5")

    async def targets():
        return [Target(place=place, service="ssh", port=22)]

    return CoherenceCheck(
        machines=lambda: {"web-01": machine}, targets=targets, probe=Street(said).probe, now=lambda: NOW
    )


async def rows(said: bytes | None):
    return (await a_check(said).check(DeckyCheckArgs(deckies=("web-01",)), CALLER)).items


async def test_a_decky_that_holds_together_has_a_good_row_for_every_rule():
    found = await rows(None)

    assert len(found) > 15
    assert all(row.ok and not row.says for row in found)
    assert 0 == judge({"items": [{"ok": row.ok} for row in found]})


async def test_a_banner_of_another_version_is_a_row_with_both_sides():
    [bad] = [row for row in await rows(b"SSH-2.0-OpenSSH_7.4\r\n") if not row.ok]

    assert ("web-01", "services", "OpenSSH_7.4", "openssh-server") == (bad.decky, bad.check, bad.says, bad.there)
    assert bad.but.startswith("1:9.2p1-2")
    assert 1 == judge({"items": [{"ok": False}]})


async def test_what_a_service_says_is_shown_without_its_control_characters():
    [bad] = [row for row in await rows(b"SSH-2.0-dropbear\x1b[31m\r\n") if not row.ok]

    assert "\x1b" not in bad.says


async def test_a_decky_nobody_knows_is_said_to_be_unknown():
    with pytest.raises(OperatorError) as caught:
        await a_check(None).check(DeckyCheckArgs(deckies=("wbe-01",)), CALLER)

    assert "DN2001" == caught.value.kind.code
    assert "web-01" in caught.value.detail
