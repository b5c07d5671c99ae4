"""This module finds plugins by name among the installed entry points, and imports only the ones that are named."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol

from supervisors.config import ConfigError, Problem, structure
from supervisors.config_errors import closest, quote


class PluginLike(Protocol):
    """What the registry needs of a plugin; a plugin may be more."""

    @property
    def id(self) -> str: ...

    @property
    def config(self) -> type[Any]: ...  # Any: a frozen attrs class

    @property
    def create(self) -> Callable[[Any, Any], Any]: ...  # Any: config, deps and product are the kind's business


class PluginError(Exception):
    """A plugin cannot be used; the text begins with its id."""


class UnknownPluginError(PluginError, LookupError):
    """Nothing installed has that id."""

    def __init__(self, plugin_id: str, known: Sequence[str]) -> None:
        guess = closest(plugin_id, known)
        hint = f" (did you mean {quote(guess)}?)" if guess else ""
        super().__init__(f"no plugin {quote(plugin_id)} is installed{hint}")
        self.plugin_id = plugin_id


class BadPluginConfigError(PluginError):
    """The options given to a plugin do not fit; ``problems`` names each."""

    def __init__(self, plugin_id: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{plugin_id}: {'; '.join(map(_sentence, problems))}")
        self.plugin_id = plugin_id
        self.problems = tuple(problems)


class PluginRegistry:
    """The plugins of one entry point group.

    Args:
        group: the group's name, e.g. ``decnet.plugins``.
        find: returns the installed entry points of a group; a parameter for tests.

    """

    def __init__(
        self, group: str, find: Callable[[str], Iterable[EntryPoint]] = lambda group: entry_points(group=group)
    ) -> None:
        self._group = group
        self._find = find
        self._loaded: dict[str, PluginLike] = {}

    def ids(self, kind: str | None = None) -> tuple[str, ...]:
        """Return the ids of what is installed, sorted; of one kind (the part before the dot) if given."""
        return tuple(sorted(name for name in self._points() if kind is None or name.partition(".")[0] == kind))

    def load(self, plugin_id: str) -> Any:  # Any: the caller knows its kind's plugin class
        """Import one plugin, now and only now.

        Raises:
            UnknownPluginError: nothing has that id.
            PluginError: it cannot be imported, or says it is another.

        """
        if plugin_id in self._loaded:
            return self._loaded[plugin_id]
        points = self._points()
        point = points.get(plugin_id)
        if point is None:
            raise UnknownPluginError(plugin_id, sorted(points))
        try:
            plugin: PluginLike = point.load()
        except ImportError as error:
            missing = f"needs {error.name}, which is not installed" if error.name else str(error)
            raise PluginError(f"{plugin_id}: {missing}") from error
        except AttributeError as error:
            raise PluginError(f"{plugin_id}: {point.value} is not there") from error
        if getattr(plugin, "id", None) != plugin_id:
            raise PluginError(f"{plugin_id}: {point.value} says it is {getattr(plugin, 'id', None)!r}")
        self._loaded[plugin_id] = plugin
        return plugin

    def create(self, plugin_id: str, table: Mapping[str, Any], deps: Any) -> Any:  # Any: the kind's business
        """Check the options and make the plugin's object.

        Raises:
            BadPluginConfigError: unknown keys or values that do not fit, all of them.
            PluginError: as ``load``.

        """
        plugin = self.load(plugin_id)
        try:
            config = structure(plugin.config, table)
        except ConfigError as error:
            raise BadPluginConfigError(plugin_id, error.problems) from error
        return plugin.create(config, deps)

    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in self._find(self._group)}


def _sentence(problem: Problem) -> str:
    guess = f" (did you mean {quote(problem.suggestion)}?)" if problem.suggestion else ""
    return f"{problem.key}: {problem.text}{guess}"
