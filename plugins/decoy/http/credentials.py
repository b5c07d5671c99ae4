"""This module finds credentials in HTTP requests: Authorization headers, forms and JSON bodies."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

from attrs import frozen

from decnet_actors.wire import hashcat

USER_FIELDS = (
    b"username", b"user", b"email", b"login", b"userid", b"account", b"log", b"user_login", b"uname", b"pma_username",
    b"name",
)  # fmt: skip
SECRET_FIELDS = (
    b"password", b"pass", b"pwd", b"passwd", b"passwort", b"mot_de_passe", b"user_password", b"pma_password", b"secret",
)  # fmt: skip
MAX_FIELDS = 200
MAX_DIGEST = 4096  # bytes of a Digest header looked at

_DIGEST_PART = re.compile(r'([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@frozen(kw_only=True)
class Found:
    """A credential as the request carried it; the fields are those of ``CredentialSeen``."""

    user: str | None
    secret: bytes
    kind: str
    mechanism: str
    challenge: bytes | None = None
    hashcat: str | None = None
    nonce: str = ""


def from_header(value: bytes, method: str) -> Found | None:
    """Return what an ``Authorization`` header holds (RFC 7617 Basic, RFC 6750 Bearer, RFC 7616 Digest)."""
    scheme, _, rest = value.strip().partition(b" ")
    rest = rest.strip()
    match scheme.lower():
        case b"basic":
            try:
                pair = base64.b64decode(rest, validate=False)
            except (binascii.Error, ValueError):
                return Found(user=None, secret=rest, kind="plaintext", mechanism="http basic")
            user, _, secret = pair.partition(b":")
            return Found(user=_text(user), secret=secret, kind="plaintext", mechanism="http basic")
        case b"bearer" | b"token":
            return Found(user=None, secret=rest, kind="http_bearer", mechanism="http bearer")
        case b"digest":
            return _digest(_text(rest[:MAX_DIGEST]), method)
        case _:
            return None


def from_body(
    body: bytes, content_type: bytes, user_fields: Sequence[bytes], secret_fields: Sequence[bytes]
) -> Found | None:
    """Return the credential of a form or JSON body; the first field there is of each list counts (lower case)."""
    kind = content_type.partition(b";")[0].strip().lower()
    fields: Mapping[bytes, bytes] = {}
    if kind == b"application/x-www-form-urlencoded":
        fields = _form_fields(body)
    elif kind == b"application/json":
        fields = _json_fields(body)
    elif kind == b"multipart/form-data":
        fields = _multipart_fields(body, content_type)
    if not fields:
        return None
    secret = _first(fields, secret_fields)
    if secret is None:
        return None
    user = _first(fields, user_fields)
    return Found(user=None if user is None else _text(user), secret=secret, kind="plaintext", mechanism="http form")


def _first(fields: Mapping[bytes, bytes], names: Sequence[bytes]) -> bytes | None:
    for name in names:
        if name in fields:
            return fields[name]
    return None


def _form_fields(body: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    escaped = b"%" in body or b"+" in body
    for pair in body.split(b"&", MAX_FIELDS)[:MAX_FIELDS]:
        name, _, value = pair.partition(b"=")
        if escaped:
            name, value = unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" "))
        fields.setdefault(name.lower(), value)
    return fields


def _json_fields(body: bytes) -> dict[bytes, bytes]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        name.lower().encode("utf-8", "surrogatepass"): text.encode("utf-8", "surrogatepass")
        for name, text in list(value.items())[:MAX_FIELDS]
        if isinstance(text, str)
    }


def _multipart_fields(body: bytes, content_type: bytes) -> dict[bytes, bytes]:
    found = re.search(rb'boundary="?([^";]{1,70})"?', content_type)
    if found is None:
        return {}
    fields: dict[bytes, bytes] = {}
    for part in body.split(b"--" + found[1], MAX_FIELDS)[1:]:
        head, _, data = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]{1,200})"', head)
        if name is not None and b"filename=" not in head:
            fields.setdefault(name[1].lower(), data.removesuffix(b"\r\n"))
    return fields


def _digest(header: str, method: str) -> Found | None:
    part = {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _DIGEST_PART.finditer(header)}
    response = part.get("response")
    if response is None:
        return None
    names = ("realm", "nonce", "uri", "cnonce", "nc", "qop")
    realm, nonce, uri, cnonce, count, qop = (part.get(name, "") for name in names)
    user = part.get("username")
    line = None
    if part.get("algorithm", "MD5").upper() == "MD5":
        line = hashcat.http_digest(
            user=user or "",
            realm=realm,
            method=method,
            uri=uri,
            nonce=nonce,
            response=response,
            cnonce=cnonce,
            count=count,
            qop=qop,
        )
    return Found(
        user=user,
        secret=response.encode(),
        kind="http_digest_md5",
        mechanism="http digest",
        challenge=f"{realm}:{nonce}:{uri}:{count}:{cnonce}:{qop}".encode(),
        hashcat=line,
        nonce=nonce,
    )


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
