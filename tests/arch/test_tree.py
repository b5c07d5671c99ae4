"""The tree obeys its rules; each failure says what to do."""

import ast
import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RINGS = ("supervisors", "decnet_actors", "plugins")
SOURCES = sorted(path for ring in RINGS for path in (ROOT / ring).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in SOURCES]
MAX_LINES = 400
BROAD = {  # where a handler may catch everything and not pass it on (STYLE.md, Errors), and what each is
    "supervisors/offload.py",  # whoever waits for the thread gets the error
    "supervisors/thread_actor.py",  # an actor's crash becomes its exit reason, for the supervisor to act on
    "supervisors/process_actor.py",  # as above, in a process child
    "decnet_actors/web/boundary.py",  # a request's crash becomes a problem with a number
    "decnet_actors/decoys/connection.py",  # the session host: one connection's crash is a fact
    "decnet_actors/decoys/attending.py",  # as above, in what is done beside a connection
}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_a_module_is_short_and_says_what_it_is(path):
    text = path.read_text()
    lines = text.count("\n")
    docstring = ast.get_docstring(ast.parse(text))

    assert lines <= MAX_LINES, f"{lines} lines: split it, one idea each"
    assert docstring, "begin with a docstring"
    if path.name != "__init__.py" and "migrations" not in path.parts:
        assert docstring.startswith("This module "), 'the docstring completes "This module ..."'


def passes_on(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler only tidies up: it ends by raising what it caught."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def broad_handlers(path: Path) -> list[int]:
    """Return the lines where everything is caught and not passed on."""
    return [
        node.lineno
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and not passes_on(node)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_only_the_named_places_catch_everything(path):
    broad, name = broad_handlers(path), str(path.relative_to(ROOT))

    assert not broad or name in BROAD, f"lines {broad}: catch what you expect (STYLE.md, Errors)"


def test_every_named_place_still_catches_everything():
    assert not [name for name in BROAD if not broad_handlers(ROOT / name)], "take it out of BROAD"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_every_suppression_says_why(path):
    bare = [
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z-, ]+\])?|pragma: no cover)\s*$", line)
    ]

    assert not bare, f"lines {bare}: write the reason behind it"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_no_todo_without_an_issue(path):
    left = [
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))", line) or "NotImplementedError" in line
    ]

    assert not left, f"lines {left}: do it, or name the issue: TODO(#12)"


def entry_points() -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    lines = parser["options.entry_points"]["decnet.plugins"].strip().splitlines()
    return dict(line.replace(" ", "").split("=") for line in lines)


def test_entry_points_are_the_folders_under_plugins():
    folders = {
        f"{path.parent.parent.name}.{path.parent.name}": f"plugins.{path.parent.parent.name}.{path.parent.name}:PLUGIN"
        for path in (ROOT / "plugins").glob("*/*/__init__.py")
    }

    assert folders == entry_points()


@pytest.mark.parametrize("name", sorted(entry_points()))
def test_a_plugins_id_is_its_path_and_its_options_have_help(name):
    from importlib import import_module

    plugin = import_module(entry_points()[name].partition(":")[0]).PLUGIN

    assert name == plugin.id
    assert plugin.summary
    without = [field.name for field in plugin.config.__attrs_attrs__ if not field.metadata.get("help")]
    assert not without, f"{plugin.config.__name__}: give these options a help text: {without}"


def test_decisions_are_numbered_without_a_hole_and_indexed():
    pages = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    index = (ROOT / "docs" / "adr" / "README.md").read_text()

    assert list(range(1, len(pages) + 1)) == [int(page.name[:4]) for page in pages]
    assert not [page.name for page in pages if f"({page.name})" not in index], "add it to docs/adr/README.md"


def test_every_dependency_has_its_reason():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    lines = parser["options"]["install_requires"].strip().splitlines()
    names = {re.match(r"[a-z0-9-]+", line.strip()) for line in lines if line.strip() and not line.startswith("#")}
    text = (ROOT / "docs" / "dependencies.md").read_text()

    assert not [found[0] for found in names if found and found[0] not in text]


def test_every_lint_exemption_has_its_reason():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    start = lines.index("ignore = [")
    end = lines.index("]", start)

    assert not [line for line in lines[start + 1 : end] if "#" not in line]


def test_what_is_shipped_names_every_package():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert set(RINGS) == set(config["tool"]["importlinter"]["root_packages"])


IMPORT_ALL = """
import importlib, socket, sys, threading
class Refused(Exception): pass
def refuse(*a, **k): raise Refused("a socket or thread at import")
socket.socket.connect = refuse
socket.socket.bind = refuse
real_start = threading.Thread.start
threading.Thread.start = refuse
for name in sys.argv[1:]:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
print("imported", len(sys.argv) - 1)
"""


@pytest.mark.slow
def test_importing_a_module_has_no_side_effect():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if "migrations" not in path.parts and path.name != "__main__.py"
    ]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL, *names],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert f"imported {len(names)}\n" == done.stdout, done.stderr
