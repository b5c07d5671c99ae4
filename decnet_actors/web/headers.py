"""This module sets the headers every answer carries, and takes away those that name our software."""

import functools
from typing import Any

from aiohttp import web
from aiohttp.web_request import BaseRequest

from decnet_actors.web.problems import from_status

# Every page of ours. `decnet` is the policy that names our one shared worker; `lit-html` renders templates.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "worker-src 'self'; "
    "frame-src 'self'; "
    "manifest-src 'self'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; "
    "trusted-types lit-html decnet"
)
# The replay sandbox alone: an opaque origin without a session, where attackers' bytes are drawn.
PLAYER_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self'; "
    "font-src 'self' data:; "
    "img-src data:; "
    "base-uri 'none'; "
    "form-action 'none'; "
    "frame-ancestors 'self'; "
    "sandbox allow-scripts"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000"


def harden(headers: Any) -> None:  # Any: multidict's CIMultiDict, or anything like it
    """Set what every answer carries; what a handler has set already wins."""
    headers.pop("Server", None)
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")


class HardenedRequest(web.Request):
    """A request whose answer is hardened at the last moment, also when no route or parser knew it."""

    async def _prepare_hook(self, resp: web.StreamResponse) -> None:
        await super()._prepare_hook(resp)
        harden(resp.headers)
        if self.secure:
            resp.headers.setdefault("Strict-Transport-Security", HSTS)


class _Connection(web.RequestHandler):
    """Answers malformed requests without the parser's words."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer with a bare problem document and close."""
        del exc, message
        if request.writer.output_size > 0:
            raise ConnectionError("the answer was under way already")
        response = from_status(status, instance="", request_id="", headers={})
        response.force_close()
        return response


class _Listener(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class HardenedRunner(web.AppRunner):
    """An application runner none of whose answers tells what it is made with."""

    __slots__ = ()

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Listener(
            plain.request_handler,
            request_factory=functools.partial(self.app._make_request, _cls=HardenedRequest),  # noqa: SLF001  aiohttp has no public seam here
            loop=plain._loop,  # noqa: SLF001  as above
            **plain._kwargs,  # noqa: SLF001  as above
        )
