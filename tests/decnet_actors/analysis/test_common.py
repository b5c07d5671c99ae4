import pytest

from decnet_actors.analysis.common import is_common


@pytest.mark.parametrize(
    ("user", "secret"),
    [
        ("admin", b"admin"),
        ("root", b"root"),
        ("root", b""),
        (None, b"123456"),
        ("root", b"Password1!"),
        ("root", b"vizxv"),
        ("deploy", b"deploy2024"),
        ("Kassandra", b"kassandra"),
        ("kassandra", b"ardnassak"),
        ("kassandra", b"kassandrakassandra"),
        ("J\xfcrgen", "j\xfcrgen1".encode()),
    ],
)
def test_what_everybody_tries(user: str | None, secret: bytes):
    assert is_common(user, secret)


@pytest.mark.parametrize(
    ("user", "secret"),
    [
        ("root", b"Kx7!vQ2z"),
        (None, b"kassandra"),
        ("kassandra", b"xkassandra"),
        ("root", b"\xff\xfe\x00"),
        ("root", b"password\x00"),
        ("root", b"a" * 100_000),
        ("", b"!"),
    ],
)
def test_what_few_try(user: str | None, secret: bytes):
    assert not is_common(user, secret)
