import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.decoy.ssh.sntrup761 import (
    CIPHERTEXT_BYTES,
    PUBLIC_BYTES,
    RANDOM_BYTES,
    P,
    Q,
    W,
    _decode,
    _encode,
    _product,
    _rounded,
    _short,
    encapsulate,
)


def test_a_key_always_gives_the_same_answer():
    # Recorded after ssh 9.2p1 had agreed on keys with this code (tests/clients/test_ssh.py has it agree anew).
    rng = random.Random(761)
    public = _encode([rng.randrange(Q) for _ in range(P)], [Q] * P)
    secret, cipher = encapsulate(public, rng.randbytes(RANDOM_BYTES))

    assert (PUBLIC_BYTES, CIPHERTEXT_BYTES, 32) == (len(public), len(cipher), len(secret))
    assert (
        "7b7e08dbc8d30d485a1c190f599690c8d36ad16f92164136161e540cb1b3753a"
        == hashlib.sha256(secret + cipher).hexdigest()
    )


@pytest.mark.parametrize("size", [0, PUBLIC_BYTES - 1, PUBLIC_BYTES + 1])
def test_a_key_of_another_length_is_refused(size):
    with pytest.raises(ValueError, match=str(size)):
        encapsulate(bytes(size), bytes(RANDOM_BYTES))


def test_short_polynomials_have_their_weight():
    short = _short(random.Random(1).randbytes(RANDOM_BYTES))

    assert W == sum(value != 0 for value in short)
    assert {-1, 0, 1} == set(short)


def test_the_product_is_that_of_the_textbook():
    rng = random.Random(2)
    key = [rng.randrange(Q) - Q // 2 for _ in range(P)]
    short = _short(rng.randbytes(RANDOM_BYTES))
    full = [0] * (2 * P)
    for i, a in enumerate(key):
        for j, b in enumerate(short):
            full[i + j] += a * b
    for place in range(2 * P - 1, P - 1, -1):  # x**P == x + 1
        full[place - P] += full[place]
        full[place - P + 1] += full[place]
    expected = [(value + Q // 2) % Q - Q // 2 for value in full[:P]]

    assert expected == _product(key, short)


def test_rounding_goes_to_the_nearest_multiple_of_three():
    assert [-3, -3, -3, 0, 0, 0, 3] == _rounded([-4, -3, -2, -1, 0, 1, 2])


@given(st.integers(1, 40), st.sampled_from([3, 256, 1531, 4591, 9000]), st.randoms(use_true_random=False))
def test_digits_survive_their_encoding(count, modulus, rng):
    digits = [rng.randrange(modulus) for _ in range(count)]

    assert digits == _decode(_encode(digits, [modulus] * count), [modulus] * count)


@given(st.binary(min_size=PUBLIC_BYTES, max_size=PUBLIC_BYTES))
def test_any_bytes_decode_to_digits_in_range(data):
    digits = _decode(data, [Q] * P)

    assert P == len(digits)
    assert all(0 <= digit < Q for digit in digits)
