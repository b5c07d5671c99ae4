"""This module fetches the dashboard's third-party files: pinned, checked, unpacked, without Node.

``package-lock.json`` pins every package by version and SHA-512; ``WANTED`` names the few files of each that a browser
loads. Bare import specifiers are rewritten to relative ones, because an import map would be an inline script.
Run by ``make dev``; uses the standard library only.
"""

import base64
import hashlib
import io
import json
import os
import posixpath
import re
import ssl
import sys
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

DEFAULT_REGISTRY = "https://registry.npmjs.org/"  # npm's own default, used when nothing else is configured
TIMEOUT = 60  # seconds a download may be silent
MAX_TARBALL = 32 * 1024 * 1024  # bytes; the largest wanted package has 0.8 MB

# package -> files as they lie in its tarball. Licences travel with the code.
WANTED: Mapping[str, tuple[str, ...]] = {
    "@lit/reactive-element": ("css-tag.js", "reactive-element.js", "LICENSE"),
    "asciinema-player": ("dist/bundle/asciinema-player.min.js", "dist/bundle/asciinema-player.css", "LICENSE"),
    "lit": ("index.js", "LICENSE"),
    "lit-element": ("lit-element.js", "LICENSE"),
    "lit-html": (
        "async-directive.js",
        "directive-helpers.js",
        "directive.js",
        "directives/live.js",
        "directives/ref.js",
        "directives/repeat.js",
        "is-server.js",
        "lit-html.js",
        "LICENSE",
    ),
    "uplot": ("dist/uPlot.iife.min.js", "dist/uPlot.min.css", "LICENSE"),
}
WANTED_BY_TESTS: Mapping[str, tuple[str, ...]] = {"axe-core": ("axe.min.js", "LICENSE")}
APPENDED: Mapping[str, bytes] = {  # the minified build is a script; this makes it a module at half the size
    "uplot/dist/uPlot.iife.min.js": b"\nexport default uPlot;\n",
}
ENTRY: Mapping[str, str] = {  # what a bare package name means
    "@lit/reactive-element": "reactive-element.js",
    "lit": "index.js",
    "lit-element": "lit-element.js",
    "lit-html": "lit-html.js",
}

_SPECIFIER = re.compile(r"""(\b(?:from|import)\s*\(?\s*)(["'])([^"'./][^"']*)\2""")
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S+\s*$")


class AssetError(RuntimeError):
    """A pinned file cannot be had; the message says which one and what to do."""


def registry(environ: Mapping[str, str], npmrc_files: tuple[Path, ...], resolved: str | None = None) -> str:
    """Return the registry's base URL with its slash: from environment, npmrc files, the lock, or npm's default."""
    for key in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if environ.get(key):
            return environ[key].rstrip("/") + "/"
    for path in npmrc_files:
        if path.is_file():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "registry" and value.strip():
                    return value.strip().strip("\"'").rstrip("/") + "/"
    if resolved and "/-/" in resolved:
        return resolved.partition("/-/")[0].rpartition("/")[0].rstrip("/") + "/"
    return DEFAULT_REGISTRY


def tarball_url(base: str, package: str, version: str) -> str:
    """Return where a registry keeps the tarball of a package."""
    return f"{base}{package}/-/{package.rpartition('/')[2]}-{version}.tgz"


def check_integrity(data: bytes, integrity: str, package: str) -> None:
    """Compare a tarball with the lock's ``sha512-...``.

    Raises:
        AssetError: it is not the pinned content.

    """
    algorithm, _, expected = integrity.partition("-")
    if algorithm != "sha512" or base64.b64encode(hashlib.sha512(data).digest()).decode() != expected:
        raise AssetError(f"{package}: the downloaded file is not the one package-lock.json pins; nothing was written")


def relative_imports(source: str, own: str) -> str:
    """Return an ES module with bare specifiers made relative; ``own`` is its path below the vendor folder.

    Raises:
        AssetError: it imports a package that is not in ``WANTED``.

    """

    def rewrite(match: re.Match[str]) -> str:
        package, inside = split_specifier(match[3])
        if package not in ENTRY:
            raise AssetError(f"{own} imports {match[3]}, which is not in WANTED")
        target = f"{package}/{inside or ENTRY[package]}"
        path = posixpath.relpath(target, posixpath.dirname(own))
        return f"{match[1]}{match[2]}{path if path.startswith('.') else './' + path}{match[2]}"

    return _SOURCE_MAP.sub("\n", _SPECIFIER.sub(rewrite, source))


def split_specifier(specifier: str) -> tuple[str, str]:
    """Return ``("@lit/reactive-element", "x.js")`` for ``@lit/reactive-element/x.js``."""
    parts = specifier.split("/")
    count = 2 if specifier.startswith("@") else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def unpack(tarball: bytes, package: str, files: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield ``(path below the vendor folder, content)`` of the wanted files.

    Raises:
        AssetError: one is missing.

    """
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for name in files:
            try:
                member = archive.extractfile(f"package/{name}")
            except KeyError:
                member = None
            if member is None:
                raise AssetError(f"{package}: no file {name} in the pinned version; correct WANTED")
            content = member.read()
            own = f"{package}/{name}"
            if name.endswith(".js") and package in ENTRY:
                content = relative_imports(content.decode(), own).encode()
            yield own, content + APPENDED.get(own, b"")


def download(url: str) -> bytes:
    """Return what is at ``url``.

    Raises:
        AssetError: it cannot be fetched.

    """
    if not url.startswith(("https://", "http://")):
        raise AssetError(f"refusing {url}: only http and https registries are understood")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT, context=ssl.create_default_context()) as answer:  # noqa: S310  scheme checked above
            data: bytes = answer.read(MAX_TARBALL + 1)
    except OSError as error:
        raise AssetError(f"cannot fetch {url}: {error}. fix: check the network, or set NPM_CONFIG_REGISTRY") from error
    if len(data) > MAX_TARBALL:
        raise AssetError(f"{url} is larger than {MAX_TARBALL} bytes")
    return data


def fetch(lock: Path, base: str | None, destinations: Mapping[Path, Mapping[str, tuple[str, ...]]]) -> int:
    """Fetch, check and write every wanted file; return how many were written. Files are replaced atomically."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    written = 0
    for folder, wanted in destinations.items():
        for package, files in wanted.items():
            entry = packages.get(f"node_modules/{package}")
            if entry is None:
                raise AssetError(f"{package} is not in {lock.name}; run: npm install --package-lock-only")
            source = base or registry({}, (), entry.get("resolved"))
            tarball = download(tarball_url(source, package, entry["version"]))
            check_integrity(tarball, entry["integrity"], package)
            for path, content in unpack(tarball, package, files):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                half = target.with_name(target.name + ".part")
                half.write_bytes(content)
                half.replace(target)
                written += 1
        (folder / ".fetched").touch()
    return written


def main() -> int:
    """Fetch everything into ``web_static/vendor`` and ``tests/browser/vendor`` of this checkout."""
    root = Path(__file__).resolve().parents[2]
    environ = os.environ  # noqa: TID251  a build step: npm's own environment variables name the registry
    npmrc = (root / ".npmrc", Path(environ.get("NPM_CONFIG_USERCONFIG", Path.home() / ".npmrc")), Path("/etc/npmrc"))
    configured = registry(environ, npmrc)
    destinations = {root / "web_static" / "vendor": WANTED}
    if (root / "tests" / "browser").is_dir():
        destinations[root / "tests" / "browser" / "vendor"] = WANTED_BY_TESTS
    try:
        count = fetch(root / "package-lock.json", None if configured == DEFAULT_REGISTRY else configured, destinations)
    except AssetError as error:
        sys.stderr.write(f"fetch_assets: {error}\n")
        return 1
    sys.stdout.write(f"fetch_assets: {count} pinned files are in place\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
