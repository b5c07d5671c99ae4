"""This module reads the configuration and the plugins it names, and finds everything wrong with both."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.fleet.plan import expand
from decnet_actors.settings import Settings
from supervisors.config import ConfigError, Loaded, Problem, load, structure
from supervisors.config_errors import INVALID, Place, problem_at
from supervisors.config_source import Node
from supervisors.plugin import PluginError, PluginRegistry

PREFIX = "DECNET__"  # of environment variables that override keys
PLUGINS = "decnet.plugins"  # the entry point group


@frozen(kw_only=True)
class Configuration:
    """What the daemon runs with: the settings, and the fleet they amount to."""

    loaded: Loaded[Settings]
    plans: tuple[DeckyPlan, ...]

    @property
    def settings(self) -> Settings:
        """The settings themselves."""
        return self.loaded.value


def load_settings(
    files: Sequence[Path],
    environ: Mapping[str, str] | None = None,
    *,
    registry: PluginRegistry | None = None,
) -> Configuration:
    """Read the files in order, then the environment.

    Args:
        files: later wins.
        environ: variables; the process's own if ``None``.
        registry: the installed plugins.

    Raises:
        ConfigError: with every problem of every file, of the fleet and of each plugin's options.

    """
    registry = registry or PluginRegistry(PLUGINS)
    loaded = load(Settings, files, environ=environ, prefix=PREFIX)
    problems: list[Problem] = []
    plans: tuple[DeckyPlan, ...] = ()
    available = [plugin_id.partition(".")[2] for plugin_id in registry.ids("decoy")]
    try:
        plans = expand(loaded.value.decky, available=available, plugin=registry.load)
    except ConfigError as error:
        problems += (_placed(problem, loaded.tree) for problem in error.problems)
    except PluginError as error:
        problems.append(problem_at(Place(), INVALID, str(error), key="decky"))
    problems += _of_driver(loaded, registry)
    if problems:
        raise ConfigError(problems)
    return Configuration(loaded=loaded, plans=plans)


def _of_driver(loaded: Loaded[Settings], registry: PluginRegistry) -> list[Problem]:
    """Return what is wrong with the choice of the fleet driver and its options."""
    fleet = loaded.value.fleet
    name = f"fleet_driver.{fleet.driver}"
    try:
        structure(registry.load(name).config, getattr(fleet, fleet.driver, {}))
    except ConfigError as error:
        return list(error.problems)
    except PluginError as error:
        node = _child(_child(loaded.tree, "fleet"), "driver")
        return [problem_at(node.place if node else Place(), INVALID, str(error), key="fleet.driver")]
    return []


def _placed(problem: Problem, tree: Node) -> Problem:
    """Return a fleet's problem with the place of the decky it speaks of, as near as the file allows."""
    deckies = _child(tree, "decky")
    if problem.file or deckies is None:
        return problem
    name = problem.key.split(".")[1] if "." in problem.key else ""
    for decky in deckies.value:
        given = _child(decky, "name")
        if given is None or given.value != name:
            continue
        found = _child(decky, problem.key.rpartition(".")[2]) or given
        if isinstance(found.value, list):  # the very item, where the text names it
            found = next((item for item in found.value if repr(item.value) in problem.text), found)
        return problem_at(found.place, problem.code, problem.text, key=problem.key, suggestion=problem.suggestion)
    return problem


def _child(node: Node | None, key: str) -> Node | None:
    found = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return found if isinstance(found, Node) else None
