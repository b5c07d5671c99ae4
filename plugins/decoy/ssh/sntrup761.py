"""This module is the server's half of Streamlined NTRU Prime 761: encapsulation (draft-ietf-sshm-ntruprime-ssh).

sshd of 8.9 and later offers it, OpenSSH clients of 9.0 and later choose it, and the library does not have it. Secrets
here protect a decoy's own traffic only, so this is not hardened against timing. The polynomial product is one
multiplication of two long integers; all of it takes about a millisecond.
"""

import hashlib
from array import array
from collections.abc import Sequence

P, Q, W = 761, 4591, 286  # degree, modulus, weight of a short polynomial
_Q_HALF = (Q - 1) // 2
PUBLIC_BYTES, CIPHERTEXT_BYTES = 1158, 1039
RANDOM_BYTES = 4 * P
_LIMIT = 16384  # the codec merges two digits until their modulus reaches this
_OFFSET = 1 << 23  # makes every coefficient of the product positive; W * Q < 2**21


def encapsulate(public: bytes, random: bytes) -> tuple[bytes, bytes]:
    """Return the shared secret and the ciphertext for a client's public key.

    Args:
        public: ``PUBLIC_BYTES`` bytes.
        random: ``RANDOM_BYTES`` unpredictable bytes.

    Raises:
        ValueError: the key has another length.

    """
    if len(public) != PUBLIC_BYTES or len(random) != RANDOM_BYTES:
        raise ValueError(len(public), len(random))
    short = _short(random)
    key = [digit - _Q_HALF for digit in _decode(public, [Q] * P)]
    rounded = _rounded(_product(key, short))
    cipher = _encode([(value + _Q_HALF) // 3 for value in rounded], [(Q + 2) // 3] * P)
    inputs = _hash(3, _pack(short))
    cipher += _hash(2, inputs + _hash(4, public))
    return _hash(1, inputs + cipher), cipher


def _hash(prefix: int, data: bytes) -> bytes:
    return hashlib.sha512(bytes((prefix,)) + data).digest()[:32]


def _short(random: bytes) -> list[int]:
    """Return W coefficients of -1 or 1 and zeros, shuffled by sorting random words."""
    words = array("I", random)
    marked = [word & ~1 for word in words[:W]] + [word & ~3 | 1 for word in words[W:]]
    marked.sort()
    return [(word & 3) - 1 for word in marked]


def _product(key: Sequence[int], short: Sequence[int]) -> list[int]:
    """Return the product in Z/Q[x]/(x^P - x - 1), coefficients around zero."""
    left = int.from_bytes(array("I", [value + _Q_HALF for value in key]).tobytes(), "little")
    plus = int.from_bytes(array("I", [int(value > 0) for value in short]).tobytes(), "little")
    minus = int.from_bytes(array("I", [int(value < 0) for value in short]).tobytes(), "little")
    ones = int.from_bytes(array("I", [1] * P).tobytes(), "little")
    shifted = int.from_bytes(array("I", [_OFFSET] * (2 * P)).tobytes(), "little")
    # (key + half) * short - half * short, all positive by the offset
    wide = (left - _Q_HALF * ones) * (plus - minus) + shifted
    full = array("I", (wide & ((1 << 64 * P) - 1)).to_bytes(8 * P, "little"))
    values = [value - _OFFSET for value in full]
    folded = [low + high for low, high in zip(values[:P], values[P:], strict=True)]
    for place in range(1, P):
        folded[place] += values[P + place - 1]
    return [(value + _Q_HALF) % Q - _Q_HALF for value in folded]


def _rounded(values: Sequence[int]) -> list[int]:
    """Return each value's nearest multiple of three."""
    return [value - ((value + 1) % 3 - 1) for value in values]


def _pack(short: Sequence[int]) -> bytes:
    digits = [value + 1 for value in short] + [0] * 3
    return bytes(digits[i] | digits[i + 1] << 2 | digits[i + 2] << 4 | digits[i + 3] << 6 for i in range(0, P, 4))


def _encode(digits: Sequence[int], moduli: Sequence[int]) -> bytes:
    """Return mixed-radix digits as bytes, merging neighbours level by level."""
    out = bytearray()
    while len(digits) > 1:
        merged, merged_moduli = [], []
        for i in range(0, len(digits) - 1, 2):
            digit, modulus = digits[i] + digits[i + 1] * moduli[i], moduli[i] * moduli[i + 1]
            while modulus >= _LIMIT:
                out.append(digit & 255)
                digit >>= 8
                modulus = modulus + 255 >> 8
            merged.append(digit)
            merged_moduli.append(modulus)
        if len(digits) % 2:
            merged.append(digits[-1])
            merged_moduli.append(moduli[-1])
        digits, moduli = merged, merged_moduli
    digit, modulus = digits[0], moduli[0]
    while modulus > 1:
        out.append(digit & 255)
        digit >>= 8
        modulus = modulus + 255 >> 8
    return bytes(out)


def _decode(data: bytes, moduli: Sequence[int]) -> list[int]:
    """Return the digits of bytes; the inverse of ``_encode``, and something in range for any bytes."""
    levels = []
    position = 0
    while len(moduli) > 1:
        low, merged = [], []
        for i in range(0, len(moduli) - 1, 2):
            modulus = moduli[i] * moduli[i + 1]
            digit, scale = 0, 1
            while modulus >= _LIMIT:
                digit += data[position] * scale
                scale <<= 8
                position += 1
                modulus = modulus + 255 >> 8
            low.append((digit, scale))
            merged.append(modulus)
        if len(moduli) % 2:
            merged.append(moduli[-1])
        levels.append((moduli, low))
        moduli = merged
    top, scale, modulus = 0, 1, moduli[0]
    while modulus > 1:
        top += data[position] * scale
        scale <<= 8
        position += 1
        modulus = modulus + 255 >> 8
    digits = [top % moduli[0]]
    for level, low in reversed(levels):
        split: list[int] = []
        for i, (digit, scale) in enumerate(low):
            rest, first = divmod(digit + scale * digits[i], level[2 * i])
            split += (first, rest % level[2 * i + 1])
        if len(level) % 2:
            split.append(digits[-1])
        digits = split
    return digits
