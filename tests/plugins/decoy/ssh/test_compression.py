import zlib

from plugins.decoy.ssh.compression import MAX_INFLATED, BoundedDecompressor


def test_packets_are_inflated_one_after_another():
    stream = zlib.compressobj()
    inflate = BoundedDecompressor()
    for text in (b"one", b"two" * 1000):
        packet = stream.compress(text) + stream.flush(zlib.Z_SYNC_FLUSH)

        assert text == inflate.decompress(packet)


def test_a_bomb_is_refused():
    assert BoundedDecompressor().decompress(zlib.compress(bytes(MAX_INFLATED + 1))) is None


def test_damage_is_refused():
    assert BoundedDecompressor().decompress(b"not zlib") is None
