"""This module judges what is asked for before a page is looked for: targets and host names."""

import re
from urllib.parse import unquote

MAX_PORT = 65535

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_BAD_HOST = re.compile(r"[\x00-\x20\x7f/]|\.\.|^\.$")
_STRICT_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(\.?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?))(?::0*([1-9][0-9]{0,4}))?"
)
_ADDRESS = re.compile(r"(?:(?:0|[1-9][0-9]*)\.){3}(?:0|[1-9][0-9]*)")


def host_of(target: str) -> str:
    """Return the host of an absolute target, which counts more than the ``Host`` header; empty if there is none."""
    if target[:1] == "/":
        return ""
    found = _ABSOLUTE.match(target)
    return "" if found is None else found[1].rpartition("@")[2]


def is_host(host: str) -> bool:
    """Return whether nginx takes a host name (ngx_http_validate_host)."""
    return host != "" and _BAD_HOST.search(host) is None


def is_strict_host(host: str) -> bool:
    """Return whether Apache takes a host name (HttpProtocolOptions Strict)."""
    if not host:
        return True
    found = _STRICT_HOST.fullmatch(host)
    if found is None or int(found[2] or 1) > MAX_PORT:
        return False
    name = found[1] or ""
    return name[:1].isalpha() or not name.replace(".", "").isdigit() or _ADDRESS.fullmatch(name) is not None


def is_escaped(target: str) -> bool:
    """Return whether every escape of the path is one, and none is a NUL."""
    return "%" not in target or _BAD_ESCAPE.search(_raw_path(target)) is None


def climbs(target: str) -> bool:
    """Return whether a path leads above the root."""
    if "." not in target and "%" not in target:
        return False
    depth = 0
    for part in unquote(_raw_path(target)).split("/"):
        depth += -1 if part == ".." else part not in {"", "."}
        if depth < 0:
            return True
    return False


def path_of(target: str) -> str:
    """Return the path as a server looks it up: unescaped, with no dots and no empty parts."""
    path = _raw_path(target)
    if "%" in path:
        path = unquote(path, errors="replace")
    if "//" not in path and "/." not in path:
        return path or "/"
    parts: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    tail = "/" if parts and path.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(parts) + tail


def _raw_path(target: str) -> str:
    path = target.partition("?")[0].partition("#")[0]
    if path[:1] == "/":
        return path
    found = _ABSOLUTE.match(path)
    return path if found is None else path[found.end() :]
