"""This module turns errors into ``application/problem+json`` (RFC 9457)."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import web

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.domain.text import escaped

CONTENT_TYPE = "application/problem+json"
MAX_ECHO = 200  # characters of a caller's own input that an error repeats

NOT_SIGNED_IN = CATALOGUE["DN4001"]
FORBIDDEN = CATALOGUE["DN4003"]
TOO_MANY = CATALOGUE["DN4029"]
INVALID = CATALOGUE["DN5001"]
INTERNAL = CATALOGUE["DN6500"]


def problem(
    *,
    status: int,
    title: str,
    detail: str,
    code: str = "",
    instance: str = "",
    request_id: str = "",
    fix: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a problem document. ``type`` is a relative reference, so no outside host is named."""
    body: dict[str, Any] = {  # Any: JSON
        "type": f"/help/errors/{code}" if code else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": escaped(instance, MAX_ECHO),
        "request_id": request_id,
    }
    if code:
        body["code"] = code
    if fix:
        body["fix"] = list(fix)
    if errors:
        body["errors"] = [_cause(error) for error in errors]
    return web.Response(status=status, body=msgspec.json.encode(body), content_type=CONTENT_TYPE, headers=headers)


def from_operator_error(error: OperatorError, *, instance: str, request_id: str) -> web.Response:
    """Return the problem of an error that has a catalogue entry."""
    kind = error.kind
    return problem(
        status=kind.status,
        title=kind.title,
        detail=error.detail,
        code=kind.code,
        instance=instance,
        request_id=request_id,
        fix=error.fix,
        errors=error.errors,
        headers=retry_after(error),
    )


def from_status(status: int, *, instance: str, request_id: str, headers: Mapping[str, str]) -> web.Response:
    """Return the problem of a plain HTTP error: 404, 405, 413 and the like."""
    return problem(
        status=status,
        title=_PHRASES.get(status, "Error"),
        detail=_DETAILS.get(status, "The request cannot be answered."),
        instance=instance,
        request_id=request_id,
        headers={name: value for name, value in headers.items() if name in {"Allow", "Retry-After"}},
    )


class TooManyRequestsError(OperatorError):
    """A limit was reached; ``wait`` seconds must pass."""

    def __init__(self, detail: str, wait: float, *, fix: tuple[str, ...] = ()) -> None:
        super().__init__(TOO_MANY, f"{detail}; try again in {_whole(wait)} s.", fix=fix)
        self.wait = wait


def retry_after(error: OperatorError) -> Mapping[str, str]:
    """Return the header that tells how long to wait, if the error knows."""
    return {"Retry-After": str(_whole(error.wait))} if isinstance(error, TooManyRequestsError) else {}


_PHRASES = {member.value: member.phrase for member in HTTPStatus}
_DETAILS = {
    400: "The request is not understood.",
    404: "Nothing lives at this address.",
    405: "This address does not answer to that method; see the Allow header.",
    413: "The request is larger than accepted.",
    415: "Send application/json.",
    421: "This server does not answer to that host name. Add it to web.allowed_hosts or set web.public_url.",
}


def _whole(wait: float) -> int:
    return max(1, math.ceil(wait))


def _cause(text: str) -> dict[str, str]:
    pointer, colon, detail = text.partition(": ")
    return {"pointer": pointer, "detail": detail} if colon and pointer.startswith("/") else {"detail": text}
