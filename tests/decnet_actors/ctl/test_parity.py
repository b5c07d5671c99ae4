"""Every operation can be reached from every surface, or says why not."""

import importlib
import re
import shlex
import subprocess
import sys
import typing
from pathlib import Path

import attrs
import click
import pytest

import decnet_actors
from decnet_actors.contracts.operations import Audit, Operation
from decnet_actors.ctl import registry
from decnet_actors.ctl.main import NounGroup, root
from tests.decnet_actors.ctl.samples import OPERATIONS, command_of

ROOT = Path(decnet_actors.__file__).parents[1]
by_name = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def find(words):
    """Return the click command of a command line, and what is left of the line."""
    command: click.Command = root()
    rest = list(words)
    while rest and isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return None, rest
        command = found
        rest.pop(0)
    return command, rest


def test_every_module_that_defines_operations_is_in_the_registry():
    named = set(registry.OPERATION_MODULES)
    found = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "decnet_actors").rglob("*operations.py")
        if path.name == "operations.py" or path.parent.name == "contracts"
    } - {
        "decnet_actors.contracts.operations",  # defines the classes
    }

    assert found - named == set(), "add these to OPERATION_MODULES in decnet_actors/ctl/registry.py"
    assert named - found == set()


def test_names_and_routes_are_unique():
    names = [operation.name for operation in registry.operations()]
    routes = [(item.route.method, item.route.path) for item in registry.operations() if item.route is not None]

    assert sorted(set(names)) == sorted(names)
    assert sorted(set(routes)) == sorted(routes)


@by_name
def test_an_operation_has_a_route_or_says_why_not(operation):
    assert operation.route is not None or operation.exempt.get("rest")
    if operation.route is not None:
        placeholders = set(re.findall(r"{(\w+)}", operation.route.path))
        assert placeholders <= {field.name for field in attrs.fields(operation.args)}


@by_name
def test_an_operation_has_a_command_or_says_why_not(operation):
    command, rest = find(command_of(operation))

    assert operation.exempt.get("cli") or (command is not None and rest == [])


@by_name
def test_an_operation_has_examples_that_are_commands_of_it(operation):
    assert operation.examples or operation.exempt.get("cli")
    for example in operation.examples:
        program, *words = shlex.split(example)
        words = [word for word in words if word not in {"|", ">"}]
        command, rest = find(words)

        assert program == "decnetctl"
        assert getattr(command, "operation", operation) is operation, example
        assert command is not None, example
        command.make_context(command.name or "", list(rest), resilient_parsing=False)


@by_name
def test_an_operation_says_what_it_and_its_fields_are(operation):
    assert operation.summary.endswith(".")
    for field in attrs.fields(operation.args):
        assert field.metadata.get("help"), f"{operation.name}: {field.name} has no help"


@by_name
def test_the_columns_of_an_operation_are_fields_of_its_result(operation):
    result = next(iter(getattr(operation.result, "__args__", ())), operation.result)
    items = typing.get_type_hints(result).get("items")  # of a list that is no page
    known = {field.name for field in attrs.fields(items.__args__[0] if items else result)}

    assert set(operation.columns) <= known


@by_name
def test_what_changes_something_is_audited_and_not_read_with_get(operation):
    if operation.audit is Audit.CHANGE and operation.route is not None:
        assert operation.route.method != "GET"


@pytest.mark.parametrize("noun", registry.NOUNS)
def test_every_word_of_the_registry_leads_somewhere(noun):
    command, rest = find([noun])

    assert command is not None
    assert rest == []
    if isinstance(command, NounGroup):
        assert command.list_commands(click.Context(command)), "a noun without verbs"


@pytest.mark.parametrize("table", ["VIEWS", "LOCAL", "FALLBACK"])
def test_what_the_registry_names_exists(table):
    for name, place in getattr(registry, table).items():
        assert isinstance(OPERATIONS.get(name), Operation), name
        assert registry.load(place) is not None


def test_what_is_said_beside_an_answer_belongs_to_an_operation():
    for name, (field, text) in registry.REMARKS.items():
        assert field in {one.name for one in attrs.fields(OPERATIONS[name].result)}
        assert text
    assert set(registry.HINTS) <= {name for name in OPERATIONS if name.endswith(".list")}


def test_operations_answered_here_are_the_ones_exempt_from_the_daemon():
    exempt = {operation.name for operation in registry.operations() if operation.exempt.get("control")}

    assert set(registry.LOCAL) == exempt


HEAVY = ("asyncio", "pykka", "sqlalchemy", "aiohttp", "msgspec", "asyncssh", "zmq", "msgpack", "cryptography", "ssl")


@pytest.mark.parametrize("words", [["--help"], ["event", "--help"], ["session", "list", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words):
    code = (
        "import sys\nfrom decnet_actors.ctl.main import run\n"
        f"run({words!r})\nprint(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)

    assert done.stderr.split() == []


def test_the_modules_of_operations_import_alone():
    for name in registry.OPERATION_MODULES:
        assert importlib.import_module(name).OPERATIONS
