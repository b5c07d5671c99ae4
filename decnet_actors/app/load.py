"""This module reads the configuration and the plugins it names, and finds everything wrong with both."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from decnet_actors.contracts.fleet import DeckyPlan
from decnet_actors.fleet.plan import expand
from decnet_actors.settings import Settings
from supervisors.config import ConfigError, Loaded, Problem, load
from supervisors.plugin import PluginRegistry

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
        problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Configuration(loaded=loaded, plans=plans)
