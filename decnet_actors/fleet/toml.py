"""This module reads a fleet from the text of a TOML file, and writes one that reads the same."""

from collections.abc import Iterator

from attrs import field, frozen

from decnet_actors.fleet.document import Document, plain
from decnet_actors.fleet.plan import Installed, expand, placed
from decnet_actors.fleet.settings import DeckySettings
from supervisors import config_source
from supervisors.config import ConfigError, Table, structure
from supervisors.config_doc import toml_value
from supervisors.config_source import Node


@frozen(kw_only=True)
class FleetFile:
    """What a fleet's file may hold."""

    decky: tuple[DeckySettings, ...] = field(default=(), metadata={"help": "the deckies"})


def read(text: str, name: str, installed: Installed) -> tuple[DeckySettings, ...]:
    """Return the fleet of a file's text.

    Args:
        text: TOML with ``[[decky]]`` tables, as in ``fleet.d``.
        name: of the file, for its errors.
        installed: what the deckies may be made of.

    Raises:
        ConfigError: with every problem, where it is.

    """
    return built(config_source.parse(text, name), installed)


def built(tree: Node, installed: Installed) -> tuple[DeckySettings, ...]:
    """Return the fleet of a tree with a ``decky`` list, which knows where everything in it stands.

    Raises:
        ConfigError: as ``read``.

    """
    problems = list(config_source.repeated_names(tree))
    if problems:
        raise ConfigError(problems)
    fleet = structure(FleetFile, Table(tree)).decky
    try:
        expand(fleet, installed)
    except ConfigError as error:
        found = (placed(problem, tree) for problem in error.problems)
        raise ConfigError(sorted(found, key=lambda problem: (problem.line, problem.column))) from error
    return fleet


def write(document: Document) -> str:
    """Return TOML that ``read`` makes the same fleet of; what has its default is left out."""
    text = "\n\n".join("\n".join(_lines(settings)) for settings in document.deckies)
    return "".join(map(_printable, text)) + "\n" * bool(text)


def _lines(settings: DeckySettings) -> Iterator[str]:
    yield "[[decky]]"
    for key, value in plain(settings).items():
        if key == "services":
            # a number of seconds is no duration to every option
            yield f"{key} = {toml_value(value if any(value.values()) else list(value), 'plain')}"
        else:
            yield f"{key} = {toml_value(value)}"


def _printable(character: str) -> str:
    """Return a character as TOML has it inside quotes, where all that is not printable stands."""
    if character == "\n" or character.isprintable():
        return character
    return f"\\U{ord(character):08x}"
