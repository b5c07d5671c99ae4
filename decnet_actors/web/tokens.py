"""This module makes the console's secrets: session ids, API tokens and set-up tokens; and digests to keep instead."""

import hashlib
import hmac
import secrets

TOKEN_PREFIX = "dnt_"  # noqa: S105  the public mark of an API token, so that scanners of leaked secrets find it
SECRET_BYTES = 32


def new_secret() -> str:
    """Return 256 random bits as text that is safe in a URL, a header and a cookie."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_api_token() -> str:
    """Return a new API token."""
    return TOKEN_PREFIX + new_secret()


def new_id() -> str:
    """Return a short random name for something that is listed (an API token)."""
    return secrets.token_hex(6)


def digest(secret: str) -> bytes:
    """Return the SHA-256 that is stored in place of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def same(left: bytes, right: bytes) -> bool:
    """Compare without telling where the difference is."""
    return hmac.compare_digest(left, right)
