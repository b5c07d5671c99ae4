"""This module reads the configuration and the plugins it names, and finds everything wrong with both."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from decnet_actors.analysis.techniques.loader import RuleSet
from decnet_actors.analysis.techniques.loader import load as load_rules
from decnet_actors.app.intel import problems_of
from decnet_actors.fleet.plan import Installed, expand, placed
from decnet_actors.fleet.settings import DeckySettings
from decnet_actors.machine.persona import implausible, systems
from decnet_actors.settings import Settings
from supervisors.config import ConfigError, Loaded, Problem, load, structure
from supervisors.config_errors import INVALID, Place, problem_at
from supervisors.config_source import Node
from supervisors.plugin import PluginError, PluginRegistry

PREFIX = "DECNET__"  # of environment variables that override keys
PLUGINS = "decnet.plugins"  # the entry point group


@frozen(kw_only=True)
class Configuration:
    """What the daemon runs with."""

    loaded: Loaded[Settings]
    rules: RuleSet = field(factory=load_rules)  # by which techniques are found

    @property
    def settings(self) -> Settings:
        """The settings themselves."""
        return self.loaded.value

    @property
    def fleet(self) -> tuple[DeckySettings, ...] | None:
        """The fleet that is written down; ``None`` when none is, and the one in the settings is the default."""
        return self.settings.decky if _child(self.loaded.tree, "decky") is not None else None


def installed(registry: PluginRegistry) -> Installed:
    """Return what the installed plugins and the known systems let a fleet be made of."""
    services = tuple(plugin_id.partition(".")[2] for plugin_id in registry.ids("decoy"))
    return Installed(services=services, plugin=registry.load, systems=systems(), implausible=implausible)


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
    try:
        expand(loaded.value.decky, installed(registry))
    except ConfigError as error:
        problems += (placed(problem, loaded.tree) for problem in error.problems)
    except PluginError as error:
        problems.append(problem_at(Place(), INVALID, str(error), key="decky"))
    problems += _of_driver(loaded, registry)
    problems += problems_of(loaded.value.intel, registry)
    try:
        rules = load_rules(loaded.value.techniques.rules)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    if problems:
        raise ConfigError(problems)
    return Configuration(loaded=loaded, rules=rules)


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


def _child(node: Node | None, key: str) -> Node | None:
    found = node.value.get(key) if node is not None and isinstance(node.value, dict) else None
    return found if isinstance(found, Node) else None
