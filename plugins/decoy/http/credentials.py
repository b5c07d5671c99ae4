"""This module finds credentials in HTTP requests: Authorization headers, forms and JSON bodies."""

import base64
import binascii
import json
import re
from urllib.parse import parse_qsl

from attrs import frozen

USER_FIELDS = (
    "username", "user", "email", "login", "userid", "account", "log", "user_login", "uname", "pma_username", "name",
)  # fmt: skip
SECRET_FIELDS = (
    "password", "pass", "pwd", "passwd", "passwort", "mot_de_passe", "user_password", "pma_password", "secret",
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


def from_body(body: bytes, content_type: str, config_user: str, config_secret: str) -> Found | None:
    """Return the credential of a form or JSON body, by the configured field names first."""
    kind = content_type.partition(";")[0].strip().lower()
    fields: dict[str, bytes] = {}
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(
                body.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS, encoding="latin-1"
            )
        except ValueError:
            return None
        for name, text in pairs:
            fields.setdefault(name.lower(), text.encode("latin-1"))
    elif kind == "application/json":
        fields = _json_fields(body)
    elif kind == "multipart/form-data":
        fields = _multipart_fields(body, content_type)
    if not fields:
        return None
    secret = _first(fields, (config_secret.lower(), *SECRET_FIELDS))
    if secret is None:
        return None
    user = _first(fields, (config_user.lower(), *USER_FIELDS))
    return Found(user=None if user is None else _text(user), secret=secret, kind="plaintext", mechanism="http form")


def _first(fields: dict[str, bytes], names: tuple[str, ...]) -> bytes | None:
    return next((fields[name] for name in names if name in fields), None)


def _json_fields(body: bytes) -> dict[str, bytes]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {
        str(name).lower(): text.encode("utf-8", "surrogatepass")
        for name, text in list(value.items())[:MAX_FIELDS]
        if isinstance(text, str)
    }


def _multipart_fields(body: bytes, content_type: str) -> dict[str, bytes]:
    found = re.search(r'boundary="?([^";]{1,70})"?', content_type)
    if found is None:
        return {}
    fields: dict[str, bytes] = {}
    for part in body.split(b"--" + found[1].encode("latin-1", "replace"), MAX_FIELDS)[1:]:
        head, _, data = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]{1,200})"', head)
        if name is not None and b"filename=" not in head:
            fields.setdefault(_text(name[1]).lower(), data.removesuffix(b"\r\n"))
    return fields


def _digest(header: str, method: str) -> Found | None:
    part = {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _DIGEST_PART.finditer(header)}
    response = part.get("response")
    if response is None:
        return None
    names = ("realm", "nonce", "uri", "cnonce", "nc", "qop")
    realm, nonce, uri, cnonce, count, qop = (part.get(name, "") for name in names)
    user = part.get("username", "")
    hashcat = None
    if part.get("algorithm", "MD5").upper() == "MD5" and "*" not in f"{user}{realm}{nonce}{uri}{cnonce}":
        # hashcat mode 11400 computes exactly HTTP Digest; an empty URI prefix makes it use the resource as it is.
        hashcat = f"$sip$***{user}*{realm}*{method}**{uri}**{nonce}*{cnonce}*{count}*{qop}*MD5*{response}"
    return Found(
        user=user,
        secret=response.encode(),
        kind="http_digest_md5",
        mechanism="http digest",
        challenge=f"{realm}:{nonce}:{uri}:{count}:{cnonce}:{qop}".encode(),
        hashcat=hashcat,
        nonce=nonce,
    )


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
