"""This module answers the operations on plugins and on the configuration in force."""

from collections.abc import Callable, Mapping

from decnet_actors.contracts import description_operations as ops
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.settings import Settings
from supervisors.config import Loaded
from supervisors.config_doc import NoSuchKeyError, explain, keys, toml_value
from supervisors.plugin import PluginError, PluginRegistry, UnknownPluginError


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
        rows = [
            ops.ConfigRow(key=key, value=toml_value(node.plain()), origin=loaded.origins[key], help=_help(key))
            for key, node in loaded.tree.leaves()
            if key in loaded.origins and _below(key, args.under)
        ]
        if args.defaults:
            given = {row.key for row in rows}
            rows += [
                ops.ConfigRow(key=doc.key, value=doc.default, origin="default", help=doc.help)
                for doc in keys(Settings)
                if doc.default is not None and doc.key not in given and _below(doc.key, args.under)
            ]
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


def _below(key: str, under: str) -> bool:
    return not under or key == under or key.startswith((f"{under}.", f"{under}["))


def _help(key: str) -> str:
    try:
        return explain(Settings, key).help
    except NoSuchKeyError:
        return ""  # a key of a plugin's own table: `decnetctl plugin show` describes it
