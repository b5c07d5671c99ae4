import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

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
