"""This module serves the dashboard's files: read once, named by their content, cached for ever by browsers."""

import gzip
import hashlib
import re
from pathlib import Path, PurePosixPath

from aiohttp import web
from attrs import frozen

from decnet_actors.web.addresses import Access, Address, Answer, Parameter, Place
from decnet_actors.web.headers import PLAYER_SECURITY_POLICY

PLACEHOLDER = "/static/-/"  # in our HTML; becomes /static/<hash of the tree>/
IMMUTABLE = "public, max-age=31536000, immutable"
# Addresses of pages; the dashboard's own router knows what to draw there.
PAGES = (
    "/",
    "/live",
    "/sessions",
    "/sessions/{id}",
    "/attackers",
    "/attackers/{address}",
    "/credentials",
    "/credentials/reuse",
    "/techniques",
    "/decoys",
    "/decoys/{name}",
    "/system",
    "/settings",
    "/login",
    "/setup",
)
MIN_GZIP = 512  # bytes; smaller files do not gain
# What the replay sandbox loads. Its origin is opaque, so "same-origin" would keep these files from it.
SANDBOX_FOLDERS = ("player/", "vendor/asciinema-player/")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@frozen(kw_only=True)
class Asset:
    """One file; ``packed`` is its gzip form, empty when that is not smaller."""

    content: bytes
    packed: bytes
    type: str


class StaticTree:
    """All files below a folder. Reads the disk when made, so make it off the loop."""

    def __init__(self, root: Path) -> None:
        self.assets = dict(sorted(_read(root)))
        together = hashlib.sha256()
        for path, asset in self.assets.items():
            together.update(path.encode() + b"\0" + hashlib.sha256(asset.content).digest())
        self.hash = together.hexdigest()[:16]

    @property
    def complete(self) -> bool:
        """Whether the third-party files are there."""
        return "vendor/lit/index.js" in self.assets

    def page(self, path: str) -> bytes:
        """Return one of our HTML files with the links to this tree filled in."""
        return self.assets[path].content.replace(PLACEHOLDER.encode(), f"/static/{self.hash}/".encode())

    def addresses(self) -> tuple[Address, ...]:
        """Return what is answered with our files."""
        return (
            Address(
                method="GET",
                path="/static/{hash}/{path:.+}",
                handler=self.file,
                name="dashboard.file",
                summary="Fetch a script, style or font of the dashboard.",
                access=Access.ANYONE,
                parameters=(
                    Parameter(name="hash", place=Place.PATH, help="Of the whole tree, so that a file never changes."),
                    Parameter(name="path", place=Place.PATH, help="Of the file; may have slashes."),
                ),
                answers={"200": Answer(help="The file", content="*/*")},
                refusals=("404",),
            ),
            Address(
                method="GET",
                path="/player/",
                handler=self.player,
                name="dashboard.player",
                summary="Fetch the document of the sandbox that replays terminals.",
                access=Access.ANYONE,
                answers={"200": Answer(help="The document", content="text/html")},
            ),
            *(self._page_address(path) for path in PAGES),
        )

    def _page_address(self, path: str) -> Address:
        words = re.findall(r"\w+", path)
        return Address(
            method="GET",
            path=path,
            handler=self.shell,
            name=".".join(["dashboard.page", *words]),
            summary="Fetch the document that draws this page of the dashboard.",
            access=Access.ANYONE,
            parameters=tuple(
                Parameter(name=name, place=Place.PATH, help="What the page is about.")
                for name in re.findall(r"{(\w+)}", path)
            ),
            answers={"200": Answer(help="The document", content="text/html")},
        )

    async def file(self, request: web.Request) -> web.Response:
        """Answer ``/static/{hash}/{path}``; an old hash is answered with the file of today, uncached."""
        path = request.match_info["path"]
        asset = self.assets.get(path)
        if asset is None or path.endswith(".html"):
            raise web.HTTPNotFound
        headers = {
            "Cache-Control": IMMUTABLE if request.match_info["hash"] == self.hash else "no-cache",
            "Content-Type": asset.type,
            "Vary": "Accept-Encoding",
        }
        if path.startswith(SANDBOX_FOLDERS):
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if asset.packed and "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return web.Response(body=asset.packed, headers=headers)
        return web.Response(body=asset.content, headers=headers)

    async def shell(self, request: web.Request) -> web.Response:
        """Answer a page's address with the document that draws all pages."""
        del request
        return web.Response(body=self.page("index.html"), headers={"Content-Type": _TYPES[".html"]})

    async def player(self, request: web.Request) -> web.Response:
        """Answer the replay sandbox's document."""
        del request
        headers = {"Content-Type": _TYPES[".html"], "Content-Security-Policy": PLAYER_SECURITY_POLICY}
        return web.Response(body=self.page("player/index.html"), headers=headers)


def _read(root: Path) -> list[tuple[str, Asset]]:
    found = []
    for path in root.rglob("*"):
        kind = _TYPES.get(path.suffix)
        if kind is not None and path.is_file():
            content = path.read_bytes()
            packed = gzip.compress(content, 9, mtime=0) if len(content) >= MIN_GZIP else b""
            name = str(PurePosixPath(path.relative_to(root)))
            found.append(
                (name, Asset(content=content, packed=packed if len(packed) < len(content) else b"", type=kind))
            )
    return found
