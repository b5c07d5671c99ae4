"""This module writes what is generated from the code: docs of events, plugins, configuration, errors and operations."""

import importlib
import inspect
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from decnet_actors.app.load import PLUGINS
from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.contracts.operations import Operation
from decnet_actors.ctl.registry import OPERATION_MODULES
from decnet_actors.domain.facts import Fact
from decnet_actors.domain.registry import FACTS, topic_of
from decnet_actors.settings import Settings
from supervisors.config_doc import KeyDoc, keys, to_toml
from supervisors.plugin import PluginRegistry

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Written by `make catalogue`; edit the code it comes from instead. -->\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _type_name(kind: object) -> str:
    return str(getattr(kind, "__name__", kind)).replace("decnet_actors.domain.facts.", "")


def _own_fields(cls: type[Fact]) -> str:
    types = typing.get_type_hints(cls)
    shown = (f"`{name}` {_type_name(types[name])}" for name in cls.__struct_fields__)
    return ", ".join(shown)


def _default(doc: KeyDoc) -> str:
    return "required" if doc.required else f"`{doc.default}`"


def events() -> str:
    """Return docs/events.md: every fact with its topic and fields."""
    rows = [
        (
            name,
            f"`{topic_of(cls)}`",
            _first_line(cls),
            _own_fields(cls),
            "yes" if cls.barrier else "",
        )
        for name, cls in FACTS.items()
    ]
    text = (
        "A reply waits until a fact marked *barrier* is durable ([ADR 4](adr/0004-replies-wait-for-the-commit.md)).\n"
    )
    return "\n".join(("# Events", "", NOTE, text, *_table(("fact", "topic", "what", "fields", "barrier"), rows), ""))


def plugins() -> str:
    """Return docs/plugins.md: every plugin with its options."""
    registry = PluginRegistry(PLUGINS)
    parts = ["# Plugins", "", NOTE]
    for plugin_id in registry.ids():
        plugin = registry.load(plugin_id)
        rows = [(f"`{doc.key}`", doc.type, _default(doc), doc.help) for doc in keys(plugin.config)]
        parts += [f"## `{plugin_id}`", "", plugin.summary + ".", ""]
        parts += [*_table(("option", "type", "default", "what"), rows), ""]
    return "\n".join(parts)


def config() -> str:
    """Return docs/config.md: every key of the configuration."""
    rows = [
        (f"`{doc.key}`", doc.type, f"`{doc.default}`" if doc.default else "", doc.help, "yes" if doc.hot else "")
        for doc in keys(Settings)
    ]
    head = ("key", "type", "default", "what", "hot")
    text = "*Hot* keys apply with a reload (SIGHUP); the others with a restart.\n"
    return "\n".join(("# Configuration", "", NOTE, text, *_table(head, rows), ""))


def errors() -> str:
    """Return docs/errors.md: every error code."""
    rows = [
        (code, kind.title, kind.why, "; ".join(f"`{fix}`" for fix in kind.fix), str(kind.exit), str(kind.status))
        for code, kind in CATALOGUE.items()
    ]
    return "\n".join(("# Errors", "", NOTE, *_table(("code", "title", "why", "fix", "exit", "HTTP"), rows), ""))


def operations() -> str:
    """Return docs/operations.md: every operation with its four surfaces."""
    found: list[Operation[typing.Any, typing.Any]] = []  # Any: operations of many classes in one table
    for name in OPERATION_MODULES:
        found += importlib.import_module(name).OPERATIONS
    rows = [
        (
            f"`{one.name}`",
            one.summary,
            f"`{one.route.method} /api/v1{one.route.path}`" if one.route else "",
            f"`{one.examples[0]}`",
            one.role,
            one.audit,
        )
        for one in sorted(found, key=lambda one: one.name)
    ]
    head = ("operation", "what", "REST", "command", "role", "audit")
    return "\n".join(("# Operations", "", NOTE, *_table(head, rows), ""))


def decnet_toml() -> str:
    """Return conf/decnet.toml: every key, commented out at its default."""
    return to_toml(Settings)


def pages() -> Mapping[Path, str]:
    """Return every generated file with its text."""
    docs = ROOT / "docs"
    return {
        docs / "events.md": events(),
        docs / "plugins.md": plugins(),
        docs / "config.md": config(),
        docs / "errors.md": errors(),
        docs / "operations.md": operations(),
        ROOT / "conf" / "decnet.toml": decnet_toml(),
    }


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
