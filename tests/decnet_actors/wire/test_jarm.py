"""Beside ours: version 1.0 of github.com/salesforce/jarm and its port pyjarm 0.0.5, with zeros for random bytes."""

import hashlib
from itertools import cycle

import pytest

from decnet_actors.wire.ja import is_grease
from decnet_actors.wire.jarm import NO_ANSWER, NOTHING, answer, hellos, jarm
from decnet_actors.wire.tls import HelloReader
from decnet_actors.wire.tls_server import ServerHello


def test_the_hellos_are_those_of_the_public_tool():
    digest = hashlib.sha256(b"".join(hellos("192.0.2.1", bytes)))

    assert "60338571a84c17180aebc1d6ca1e6114edda5e12db3bea2631f01ea12372fbcc" == digest.hexdigest()


def test_each_hello_can_be_read():
    read = [HelloReader().feed(record) for record in hellos("192.0.2.1", bytes)]

    assert ["192.0.2.1"] * 10 == [hello.server_name for hello in read if hello is not None]


def test_chance_makes_other_grease_and_no_other_hello():
    chance = cycle(range(0, 256, 7))

    def noise(size):
        return bytes(next(chance) for _ in range(size))

    def meant(record):
        hello = HelloReader().feed(record)

        assert hello is not None
        return [value for value in hello.ciphers + hello.extensions + hello.supported_versions if not is_grease(value)]

    first, second = hellos("192.0.2.1", bytes), hellos("192.0.2.1", noise)

    assert first != second
    assert [meant(record) for record in first] == [meant(record) for record in second]


def test_the_hash_is_that_of_the_public_tool():
    answers = [
        "c02b|0303|h2|ff01-0000-0001-000b-0023-0010-0017",
        "1301|0303||0033-002b",
        "009c|0302||",
        "|||",
        "1304|0303|http/1.1|0010",
        "ffff|0303||ff01",
        *["|||"] * 4,
    ]

    assert "27d41d13c00044d46d0000000000003a1b812518ae56146c6184a7052db1d8" == jarm(answers)


def test_who_answers_nothing_has_zeros():
    assert NOTHING == jarm([NO_ANSWER] * 10)


@pytest.mark.parametrize(
    ("hello", "text"),
    [
        (None, "|||"),
        (ServerHello(version=0x0303, cipher=0xC02F, extensions=()), "c02f|0303||"),
        (ServerHello(version=0x0303, cipher=0x9C, extensions=(0xFF01, 16), alpn=b"h2"), "009c|0303|h2|ff01-0010"),
        (ServerHello(version=0x0303, cipher=0x9C, extensions=(16,), alpn=b"\xff"), "|||"),
    ],
)
def test_of_an_answer_cipher_version_protocol_and_extensions_count(hello, text):
    assert text == answer(hello)


def test_a_version_nobody_knows_is_no_version():
    assert jarm(["c02f|fefd||", *["|||"] * 9]).startswith("290" + "000" * 9)
