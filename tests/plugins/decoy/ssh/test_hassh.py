from decnet_actors.wire.ssh_kex import Offer
from plugins.decoy.ssh.hassh import MAX_LIST, client_seen

NAMES = (b"a,b", b"k,l", b"c", b"d", b"e", b"f", b"none", b"zlib", b"", b"")


def test_the_fact_has_the_hash_and_what_it_is_of():
    seen = client_seen(b"SSH-2.0-x\x07", Offer(lists=NAMES, guessed=False))

    assert ("SSH-2.0-x\\x07", "a,b;c;e;none") == (seen.version, seen.algorithms)
    assert "ae34d4009c27a8a58ac41b58763e1725" == seen.hassh


def test_a_long_list_is_hashed_whole_and_shown_in_part():
    seen = client_seen(b"", Offer(lists=(b"x" * 10_000, *NAMES[1:]), guessed=False))

    assert MAX_LIST + 1 == len(seen.algorithms)
