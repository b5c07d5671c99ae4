import asyncssh
import pytest
from asyncssh.kex import get_kex_algs
from asyncssh.kex_dh import _group14_p

from plugins.decoy.ssh.exchange import prepare, shared
from tests.plugins.decoy.ssh.serving import client, served


def test_both_sides_come_to_the_same_secret():
    mine = 0x1234567890ABCDEF
    theirs, secret = shared(2, _group14_p, pow(2, mine, _group14_p))

    assert secret == pow(theirs, mine, _group14_p)
    assert theirs != shared(2, _group14_p, 4)[0]


@pytest.mark.parametrize("value", [-1, 0, 1, _group14_p - 1, _group14_p])
def test_a_value_that_gives_the_secret_away_is_refused(value):
    with pytest.raises(asyncssh.ProtocolError):
        shared(2, _group14_p, value)


def test_preparing_twice_changes_nothing():
    prepare()
    before = get_kex_algs().copy()
    prepare()

    assert before == get_kex_algs()
    assert b"sntrup761x25519-sha512" in before


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")  # the library's own client uses it
@pytest.mark.parametrize("kex", ["diffie-hellman-group14-sha256", "diffie-hellman-group-exchange-sha256"])
async def test_the_librarys_client_agrees(kex):
    async with served() as found, client(found, kex_algs=[kex]) as connection:
        assert "ok\n" == (await connection.run("ok")).stdout
