"""This module judges what is asked for before a page is looked for: targets, host names, requests that do not parse."""

import re
from urllib.parse import unquote

HEADER_TOO_LONG = 494  # nginx's own number for it; the status on the wire is 400

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?]*)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_BAD_HOST = re.compile(r"[\x00-\x20\x7f/]|\.\.|^\.$")
_VERSION = re.compile(rb"[^\r\n]{1,8000} HTTP/(\d+)(?:\.\d+)?\r?\n")
_REQUEST_LINE = re.compile(rb"[A-Z][A-Z_-]{0,31} [^\r\n]{1,8190}\r?\n")
_OTHER_CODING = re.compile(rb"\ntransfer-encoding:(?![ \t]*chunked\b)[^\r\n]+\r?\n", re.IGNORECASE)


def host_of(target: str) -> str | None:
    """Return the host of an absolute target, which counts more than the ``Host`` header."""
    found = _ABSOLUTE.match(target)
    return None if found is None else found[1]


def is_host(host: str) -> bool:
    """Return whether a host name is taken (nginx: ngx_http_validate_host)."""
    return _BAD_HOST.search(host) is None


def is_target(target: str) -> bool:
    """Return whether a target is taken: a path or a URL, well escaped, that does not climb above the root."""
    found = _ABSOLUTE.match(target)
    path = re.split(r"[?#]", target[found.end() :] if found else target, maxsplit=1)[0]
    if found is None and not path.startswith("/"):
        return False
    if _BAD_ESCAPE.search(path):
        return False
    depth = 0
    for part in unquote(path).split("/"):
        depth += -1 if part == ".." else part not in {"", "."}
        if depth < 0:
            return False
    return True


def fault_of(sample: bytes, *, too_long: bool) -> int:
    """Return how a real server answers a request our parser refused, by the head of its bytes."""
    if too_long:
        return HEADER_TOO_LONG if _REQUEST_LINE.match(sample) else 414
    version = _VERSION.match(sample)
    if version is not None and int(version[1][:9]) > 1:
        return 505
    if _REQUEST_LINE.match(sample) and _OTHER_CODING.search(sample):
        return 501
    return 400
