import struct

from attrs import evolve

from decnet_actors.conformance.fake_machine import FakeMachine, fake_persona
from decnet_actors.conformance.fakes import NOW
from plugins.decoy.ssh.transfer import Visitor, long_name


def test_a_visitor_starts_at_home():
    visitor = Visitor(FakeMachine(), "ops")

    assert (1000, "/home/ops/x", "/home/ops/y", "/root/z") == (
        visitor.uid,
        visitor.resolve("x"),
        visitor.expand("~/y"),
        visitor.expand("~root/z"),
    )


def test_a_visitor_without_an_account_is_nobody():
    visitor = Visitor(FakeMachine(), "ghost")

    assert (65534, "/x") == (visitor.uid, visitor.resolve("x"))


def test_old_entries_show_the_year_and_times_are_local():
    persona = evolve(fake_persona(), utc_offset=3600)
    machine = FakeMachine(persona)
    machine.files.write("/tmp/f", b"", now=NOW)
    found = machine.files.stat("/tmp/f")
    visitor = Visitor(machine, "root")

    assert "Nov 14 23:13 f" in long_name("f", found, visitor, NOW)
    assert "Nov 14  2023 f" in long_name("f", found, visitor, NOW + 200 * 86400)
    assert "1234     5678    " in long_name("f", evolve(found, uid=1234, gid=5678), visitor, NOW)


def test_the_disk_is_the_personas():
    block, _, blocks, free, usable, *_ = struct.unpack(">11Q", Visitor(FakeMachine(), "root").statvfs())

    assert fake_persona().disk_kib * 1024 // block == blocks
    assert usable < free < blocks
