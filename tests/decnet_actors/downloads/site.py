"""This module is a web server on loopback for tests of downloads."""

import gzip

from aiohttp import web

from decnet_actors.downloads.guard import Guard
from decnet_actors.downloads.settings import DownloadSettings

HOME = "127.0.0.1"


class Site:
    """A web server on loopback, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://{HOME}:{self.port}"

    @property
    def settings(self) -> DownloadSettings:
        return DownloadSettings(fetch=True, ports=(self.port,), max_size=100, timeout=5.0)

    @property
    def guard(self) -> Guard:
        return Guard((self.port,), set, permitted={HOME})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        match request.path.split("/")[1:]:
            case ["x"]:
                return web.Response(
                    body=b"\x7fELF", content_type="application/x-elf", headers={"Set-Cookie": "id=1; Path=/"}
                )
            case ["gz"]:
                return web.Response(body=gzip.compress(b"0" * 10_000), headers={"Content-Encoding": "gzip"})
            case ["long"]:
                return web.Response(body=b"y" * 101)
            case ["gone"]:
                return web.Response(status=404, body=b"no")
            case ["to", *rest]:
                raise web.HTTPFound("/".join(rest), headers={"Set-Cookie": "seen=1"})
            case ["again", left]:
                raise web.HTTPFound(f"/again/{int(left) - 1}" if int(left) else "/x")
            case ["short"]:
                response = web.StreamResponse(headers={"Content-Length": "50"})
                await response.prepare(request)
                await response.write(b"part")
                assert request.transport is not None
                request.transport.close()
                return response
            case _:
                return web.Response(status=500)
