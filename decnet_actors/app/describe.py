"""This module answers the operations on plugins and on the configuration in force."""

import re
from collections.abc import Callable, Mapping

from decnet_actors.contracts import description_operations as ops
from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.text import escaped
from decnet_actors.settings import Settings
from supervisors.config import Loaded
from supervisors.config_doc import in_force, keys
from supervisors.plugin import PluginError, PluginRegistry, UnknownPluginError

MAX_NAME = 80  # characters of an unknown key repeated in the error
DEFAULT = "default"  # the origin of what nothing sets


class Descriptions:
    """Handlers of ``plugin.*`` and ``config.show``.

    Args:
        registry: the installed plugins.
        loaded: returns the configuration in force.
        used: returns how often each plugin is used.

    """

    def __init__(
        self,
        registry: PluginRegistry,
        loaded: Callable[[], Loaded[Settings]],
        used: Callable[[], Mapping[str, int]],
    ) -> None:
        self._registry = registry
        self._loaded = loaded
        self._used = used

    def bind(self, table: OperationTable) -> None:
        """Make the operations callable."""
        table.bind(ops.PLUGIN_LIST, self.list_plugins)
        table.bind(ops.PLUGIN_SHOW, self.show_plugin)
        table.bind(ops.CONFIG_SHOW, self.show_config)

    async def list_plugins(self, args: ops.PluginListArgs, caller: Caller) -> Page[ops.PluginRow]:
        """Answer plugin.list."""
        del caller
        return Page(items=[self._plugin(plugin_id) for plugin_id in self._registry.ids(args.kind)])

    async def show_plugin(self, args: ops.PluginArgs, caller: Caller) -> ops.PluginDetail:
        """Answer plugin.show."""
        del caller
        try:
            row, plugin = self._plugin(args.id), self._registry.load(args.id)
        except UnknownPluginError as error:
            raise OperatorError(CATALOGUE["DN5003"], str(error), fix=("decnetctl plugin list",)) from error
        except PluginError as error:
            raise OperatorError(CATALOGUE["DN5004"], str(error)) from error
        options = tuple(
            ops.Option(key=doc.key, type=doc.type, default=doc.default or "", help=doc.help)
            for doc in keys(plugin.config)
        )
        return ops.PluginDetail(
            id=row.id,
            kind=row.kind,
            name=row.name,
            summary=row.summary,
            needs=row.needs,
            used=row.used,
            options=options,
        )

    async def show_config(self, args: ops.ConfigShowArgs, caller: Caller) -> Page[ops.ConfigRow]:
        """Answer config.show."""
        del caller
        loaded = self._loaded()
        helps = {_plain(doc.key): doc.help for doc in keys(Settings)}
        rows = []
        for key, value in in_force(loaded.value):
            origin = _origin(key, loaded.origins)
            if _below(key, args.under) and (args.defaults or origin != DEFAULT):
                shown = origin if args.origin else ""
                rows.append(ops.ConfigRow(key=key, value=value, origin=shown, help=helps.get(_plain(key), "")))
        if not rows and _plain(args.under) not in {"", *helps}:
            guess = did_you_mean(args.under, helps)
            problem = f"/under: no configuration key is called {escaped(args.under, MAX_NAME)}{guess}"
            raise OperatorError(
                CATALOGUE["DN5001"], f"config.show: {problem}", fix=("decnetctl config show",), errors=(problem,)
            )
        return Page(items=rows)

    def _plugin(self, plugin_id: str) -> ops.PluginRow:
        kind, _, name = plugin_id.partition(".")
        summary, needs, error = "", frozenset[str](), ""
        try:
            plugin = self._registry.load(plugin_id)
            summary, needs = plugin.summary, plugin.needs
        except UnknownPluginError:
            raise
        except PluginError as problem:
            error = str(problem)
        return ops.PluginRow(
            id=plugin_id,
            kind=kind,
            name=name,
            summary=summary,
            needs=tuple(sorted(needs)),
            used=self._used().get(plugin_id, 0),
            error=error,
        )


def _plain(key: str) -> str:
    """Return a key without the numbers of its items, as it is documented."""
    return re.sub(r"\[[^]]*\]", "", key)


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """Return where the value comes from: its own place, or that of the first key of an inline table (a secret's)."""
    inside = (place for name, place in origins.items() if name.startswith(f"{key}."))
    return origins.get(key) or next(inside, DEFAULT)


def _below(key: str, under: str) -> bool:
    return not under or key == under or key.startswith((f"{under}.", f"{under}["))
