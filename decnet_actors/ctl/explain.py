"""This module explains configuration keys, facts, operations, plugins and error codes, without a daemon."""

import inspect
import typing
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, TypeAlias

import attrs
import click

from decnet_actors.contracts.description_operations import Explanation
from decnet_actors.contracts.errors import CATALOGUE
from decnet_actors.ctl import registry
from decnet_actors.ctl.cells import words
from decnet_actors.ctl.commands import View
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.nearest import did_you_mean
from decnet_actors.ctl.world import Settings

Plain: TypeAlias = Any  # the shape of JSON

PLUGINS = "decnet.plugins"  # the entry point group


def explain(args: Mapping[str, Plain], _settings: Settings) -> Plain:
    """Return what a topic is; the first kind that knows it explains it.

    Raises:
        CommandFailed: nothing has that name.

    """
    topic = str(args["topic"])
    for find in (_error, _fact, _operation, _plugin, _key):
        found = find(topic)
        if found is not None:
            return attrs.asdict(found)
    raise CommandFailed.of(
        "DN3001",
        f"nothing here is called {words(topic)}{did_you_mean(topic, _topics())}",
        fix=("decnetctl config show", "decnetctl errors list", "decnetctl --help"),
    )


def show(answer: Plain, _settings: Settings) -> None:
    """Write the text, then the details by name."""
    click.echo(f"{click.style(words(answer['topic']), bold=True)}  ({words(answer['kind'])})")
    click.echo(f"  {words(answer['text'])}")
    width = max((len(name) for name, _ in answer["details"]), default=0)
    for name, text in answer["details"]:
        click.echo(f"  {words(name):<{width}}  {words(text)}")


def _error(topic: str) -> Explanation | None:
    kind = CATALOGUE.get(topic.upper())
    if kind is None:
        return None
    details = [("exit", str(kind.exit)), ("status", str(kind.status)), *(("fix", line) for line in kind.fix)]
    return Explanation(topic=kind.code, kind="error", text=f"{kind.title}. {kind.why}", details=tuple(details))


def _fact(topic: str) -> Explanation | None:
    from decnet_actors.domain.registry import FACTS, snake_case, topic_of

    found = next(
        (cls for cls in FACTS.values() if topic.lower() in {cls.__name__.lower(), snake_case(cls.__name__)}), None
    )
    if found is None:
        return None
    hints = typing.get_type_hints(found)
    fields = [(name, _type_name(hints[name])) for name in found.__struct_fields__]
    text = " ".join(inspect.getdoc(found).replace("``", "").split()) if found.__doc__ else ""  # type: ignore[union-attr]  # it has one
    details = (("topic", topic_of(found)), *fields)
    return Explanation(topic=found.__name__, kind="fact", text=text, details=details)


def _operation(topic: str) -> Explanation | None:
    found = next((item for item in registry.operations() if topic in {item.name, f"{item.noun} {item.verb}"}), None)
    if found is None:
        return None
    route = f"{found.route.method} /api/v1{found.route.path}" if found.route else found.exempt.get("rest", "")
    details = [("role", str(found.role)), ("audited", str(found.audit)), ("REST", route)]
    details += [(field.name, str(field.metadata.get("help", ""))) for field in attrs.fields(found.args)]
    details += [("example", line) for line in found.examples]
    return Explanation(topic=found.name, kind="operation", text=found.summary, details=tuple(details))


def _plugin(topic: str) -> Explanation | None:
    found = next((point for point in entry_points(group=PLUGINS) if point.name == topic), None)
    if found is None:
        return None
    from supervisors.config_doc import keys

    plugin = found.load()
    options = [(doc.key, f"{doc.help} ({doc.type}, {doc.default or 'required'})") for doc in keys(plugin.config)]
    return Explanation(topic=topic, kind="plugin", text=plugin.summary, details=tuple(options))


def _key(topic: str) -> Explanation | None:
    from decnet_actors.settings import Settings as Root
    from supervisors.config import NoSuchKeyError
    from supervisors.config import explain as describe
    from supervisors.config_doc import keys

    try:
        doc = describe(Root, topic)
    except NoSuchKeyError:
        return None
    below = [(one.key, one.help) for one in keys(Root) if one.key.startswith((f"{doc.key}.", f"{doc.key}[]."))]
    if below:
        return Explanation(topic=doc.key, kind="section", text=f"{doc.help}. Its keys:", details=tuple(below))
    details = [
        ("type", doc.type),
        ("default", "required" if doc.required else doc.default or "none"),
        ("applied", "by a reload" if doc.hot else "at the next start"),
    ]
    if doc.choices:
        details.append(("one of", ", ".join(doc.choices)))
    return Explanation(topic=doc.key, kind="key", text=doc.help, details=tuple(details))


def _topics() -> Iterator[str]:
    from decnet_actors.domain.registry import FACTS
    from decnet_actors.settings import Settings as Root
    from supervisors.config_doc import keys

    yield from CATALOGUE
    yield from FACTS
    yield from (item.name for item in registry.operations())
    yield from (point.name for point in entry_points(group=PLUGINS))
    yield from (doc.key for doc in keys(Root))


def _type_name(hint: Any) -> str:  # Any: a type form
    return hint.__name__ if isinstance(hint, type) and not typing.get_args(hint) else str(hint)


VIEW = View(show=show)
