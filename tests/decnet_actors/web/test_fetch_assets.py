import base64
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from decnet_actors.web import fetch_assets
from decnet_actors.web.fetch_assets import (
    DEFAULT_REGISTRY,
    ENTRY,
    WANTED,
    WANTED_BY_TESTS,
    AssetError,
    check_integrity,
    registry,
    relative_imports,
    tarball_url,
    unpack,
)

ROOT = Path(__file__).resolve().parents[3]


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_every_wanted_package_is_pinned_by_content() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    for package in (*WANTED, *WANTED_BY_TESTS):
        assert packages[f"node_modules/{package}"]["integrity"].startswith("sha512-")


def test_the_registry_comes_from_environment_then_npmrc_then_lock(tmp_path: Path) -> None:
    npmrc = tmp_path / ".npmrc"
    npmrc.write_text("fund=false\nregistry = https://mirror.example/npm\n")

    assert "https://env.example/" == registry({"NPM_CONFIG_REGISTRY": "https://env.example"}, (npmrc,))
    assert "https://mirror.example/npm/" == registry({}, (tmp_path / "none", npmrc))
    assert "https://lock.example/npm/" == registry({}, (), "https://lock.example/npm/lit/-/lit-3.3.3.tgz")
    assert DEFAULT_REGISTRY == registry({}, ())


def test_a_scoped_package_has_its_tarball_under_its_short_name() -> None:
    assert "https://r/@lit/reactive-element/-/reactive-element-2.1.2.tgz" == tarball_url(
        "https://r/", "@lit/reactive-element", "2.1.2"
    )


def test_other_content_than_pinned_is_refused() -> None:
    good = "sha512-" + base64.b64encode(hashlib.sha512(b"data").digest()).decode()
    check_integrity(b"data", good, "lit")

    for data, integrity in ((b"datb", good), (b"data", "sha1-x"), (b"data", "")):
        with pytest.raises(AssetError, match="lit"):
            check_integrity(data, integrity, "lit")


@pytest.mark.parametrize(
    ("own", "before", "after"),
    [
        ("lit/index.js", 'import"lit-html";', 'import"../lit-html/lit-html.js";'),
        ("lit/index.js", 'export*from"lit-element/lit-element.js";', 'export*from"../lit-element/lit-element.js";'),
        (
            "lit-html/directives/live.js",
            'import{x}from"@lit/reactive-element";',
            'import{x}from"../../@lit/reactive-element/reactive-element.js";',
        ),
        ("lit-html/directive.js", 'import{x}from"./lit-html.js";', 'import{x}from"./lit-html.js";'),
        ("lit/index.js", "1;\n//# sourceMappingURL=index.js.map\n", "1;\n"),
    ],
)
def test_bare_imports_become_relative(own: str, before: str, after: str) -> None:
    assert after == relative_imports(before, own)


def test_an_import_nobody_pinned_is_refused() -> None:
    with pytest.raises(AssetError, match="left-pad"):
        relative_imports('import"left-pad";', "lit/index.js")


def test_only_wanted_files_are_unpacked_and_a_missing_one_is_named() -> None:
    tarball = packed({"index.js": b'import"lit-html";', "evil.js": b"x", "LICENSE": b"BSD"})

    assert [("lit/index.js", b'import"../lit-html/lit-html.js";'), ("lit/LICENSE", b"BSD")] == list(
        unpack(tarball, "lit", ("index.js", "LICENSE"))
    )
    with pytest.raises(AssetError, match=r"lit.*none\.js"):
        list(unpack(tarball, "lit", ("none.js",)))


def test_only_web_addresses_are_fetched() -> None:
    with pytest.raises(AssetError, match="refusing file"):
        fetch_assets.download("file:///etc/passwd")


def test_what_was_fetched_imports_only_what_is_there() -> None:
    vendor = ROOT / "web_static" / "vendor"
    if not (vendor / ".fetched").exists():
        pytest.skip("front-end libraries are not fetched: make dev")
    for package in ENTRY:
        for path in (vendor / package).rglob("*.js"):
            for match in fetch_assets._SPECIFIER.finditer(path.read_text()):
                pytest.fail(f"{path} still imports {match[3]}")


class Shelf(http.server.BaseHTTPRequestHandler):
    """A registry that has what ``files`` says."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        body = self.files.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shelf() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
    Shelf.files.clear()


def locked(path: Path, tarball: bytes) -> Path:
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    path.write_text(json.dumps({"packages": {"node_modules/lit": {"version": "3.3.3", "integrity": integrity}}}))
    return path


def test_a_pinned_package_is_fetched_checked_and_written(shelf: str, tmp_path: Path) -> None:
    tarball = packed({"index.js": b'import"lit-html";'})
    Shelf.files["/lit/-/lit-3.3.3.tgz"] = tarball
    lock = locked(tmp_path / "lock.json", tarball)

    assert 1 == fetch_assets.fetch(lock, shelf, {tmp_path / "vendor": {"lit": ("index.js",)}})
    assert 'import"../lit-html/lit-html.js";' == (tmp_path / "vendor" / "lit" / "index.js").read_text()
    assert (tmp_path / "vendor" / ".fetched").exists()


def test_nothing_is_written_of_a_package_that_was_changed(shelf: str, tmp_path: Path) -> None:
    Shelf.files["/lit/-/lit-3.3.3.tgz"] = packed({"index.js": b"evil"})
    lock = locked(tmp_path / "lock.json", packed({"index.js": b"good"}))

    with pytest.raises(AssetError, match="not the one"):
        fetch_assets.fetch(lock, shelf, {tmp_path / "vendor": {"lit": ("index.js",)}})
    assert not (tmp_path / "vendor").exists()


def test_a_missing_tarball_and_an_unpinned_package_say_what_to_do(shelf: str, tmp_path: Path) -> None:
    lock = locked(tmp_path / "lock.json", b"")

    with pytest.raises(AssetError, match="NPM_CONFIG_REGISTRY"):
        fetch_assets.fetch(lock, shelf, {tmp_path / "vendor": {"lit": ("index.js",)}})
    with pytest.raises(AssetError, match="npm install --package-lock-only"):
        fetch_assets.fetch(lock, shelf, {tmp_path / "vendor": {"left-pad": ("index.js",)}})
