"""This module defines the operations on what the daemon is made of: plugins, configuration, and explanations of both.

Imports attrs and the operation classes only, so the command line stays light. The operations exempt from ``control``
are answered by the command line itself; the composition root binds the others.
"""

from attrs import field, frozen

from decnet_actors.contracts.operations import Nothing, Operation, Page, Role, Route, about

# --- plugins ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class PluginRow:
    """One plugin that is installed."""

    id: str
    kind: str
    name: str
    summary: str
    needs: tuple[str, ...] = ()
    used: int = 0  # how often the running configuration uses it
    error: str = ""  # why it cannot be loaded


@frozen(kw_only=True)
class Option:
    """One option of a plugin's configuration."""

    key: str
    type: str
    default: str  # as TOML; empty when it must be given
    help: str


@frozen(kw_only=True)
class PluginDetail(PluginRow):
    """One plugin with its options."""

    options: tuple[Option, ...] = ()


@frozen(kw_only=True)
class PluginListArgs:
    """Which plugins."""

    kind: str | None = field(default=None, metadata=about("Only plugins of this kind."))


@frozen(kw_only=True)
class PluginArgs:
    """Which plugin."""

    id: str = field(metadata=about("Id of the plugin, e.g. decoy.ssh.", positional=True))


PLUGIN_LIST = Operation(
    name="plugin.list",
    summary="List what can be chosen by name: decoys, fleet drivers and the like.",
    args=PluginListArgs,
    result=Page[PluginRow],
    role=Role.VIEWER,
    route=Route(method="GET", path="/plugins"),
    examples=("decnetctl plugin list", "decnetctl plugin list --kind decoy"),
    columns=("id", "used", "summary", "error"),
)
PLUGIN_SHOW = Operation(
    name="plugin.show",
    summary="Show a plugin with every option of its configuration.",
    args=PluginArgs,
    result=PluginDetail,
    role=Role.VIEWER,
    route=Route(method="GET", path="/plugins/{id}"),
    examples=("decnetctl plugin show decoy.ssh",),
    columns=("id", "summary", "needs", "used"),
)

# --- configuration ----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class ConfigRow:
    """One value that is in force."""

    key: str
    value: str  # as TOML; a secret's value is shown as where it comes from
    origin: str = ""  # file:line, $VARIABLE, --flag or "default"; empty when it was not asked for
    help: str = ""


@frozen(kw_only=True)
class ConfigShowArgs:
    """Which values."""

    under: str = field(default="", metadata=about("Only this key, or the keys below it.", positional=True))
    origin: bool = field(
        default=False, metadata=about("Say where each value comes from: file:line, $VARIABLE, --flag or default.")
    )
    defaults: bool = field(default=True, metadata=about("With the values that nothing sets."))


CONFIG_SHOW = Operation(
    name="config.show",
    summary="Show the configuration the daemon runs with, every value of it.",
    args=ConfigShowArgs,
    result=Page[ConfigRow],
    role=Role.ADMIN,
    route=Route(method="GET", path="/config"),
    examples=("decnetctl config show --origin", "decnetctl config show web", "decnetctl config show --no-defaults"),
    columns=("key", "value", "origin"),
)


@frozen(kw_only=True)
class ConfigProblem:
    """One error in a configuration file."""

    file: str
    line: int
    column: int
    code: str
    key: str
    text: str
    suggestion: str = ""
    shown: str = ""  # the whole message, with the source line and a mark below it


@frozen(kw_only=True)
class ConfigCheckArgs:
    """Which files."""

    files: tuple[str, ...] = field(
        default=(),
        metadata=about("Files to check; the ones the daemon would read when none is named.", positional=True),
    )


CONFIG_CHECK = Operation(
    name="config.check",
    summary="Check configuration files and report every error at once.",
    args=ConfigCheckArgs,
    result=Page[ConfigProblem],
    role=Role.VIEWER,
    route=None,
    examples=("decnetctl config check", "decnetctl config check ./decnet.toml"),
    columns=("file", "line", "column", "code", "text", "suggestion"),
    exempt={
        "rest": "reads files of the machine the command runs on, before a daemon reads them",
        "control": "works without a daemon",
    },
)

# --- explanations -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Explanation:
    """What a word of ours means."""

    topic: str
    kind: str  # key, section, fact, operation, error, plugin
    text: str
    details: tuple[tuple[str, str], ...] = ()  # name, text


@frozen(kw_only=True)
class ExplainArgs:
    """What to explain."""

    topic: str = field(metadata=about("A configuration key, fact, operation, plugin or error code.", positional=True))


_OFFLINE = {
    "rest": "the same text is in the documentation; the command needs no daemon for it",
    "control": "works without a daemon",
}

EXPLAIN_SHOW = Operation(
    name="explain.show",
    summary="Explain a configuration key, fact, operation, plugin or error code.",
    args=ExplainArgs,
    result=Explanation,
    role=Role.VIEWER,
    route=None,
    examples=("decnetctl explain web.listen", "decnetctl explain CredentialSeen", "decnetctl explain DN2107"),
    columns=("topic", "kind", "text"),
    exempt=_OFFLINE,
)


@frozen(kw_only=True)
class ErrorArgs:
    """Which error."""

    code: str = field(metadata=about("Code of the error, e.g. DN2107.", positional=True))


@frozen(kw_only=True)
class ErrorRow:
    """One entry of the catalogue of errors."""

    code: str
    title: str
    why: str
    fix: tuple[str, ...]
    status: int
    exit: int


ERRORS_SHOW = Operation(
    name="errors.show",
    summary="Explain an error code: what happened, why, and how to fix it.",
    args=ErrorArgs,
    result=ErrorRow,
    role=Role.VIEWER,
    route=None,
    examples=("decnetctl errors show DN2107", "decnetctl errors show DN6001 -o json"),
    columns=("code", "title", "why", "fix"),
    exempt=_OFFLINE,
)
ERRORS_LIST = Operation(
    name="errors.list",
    summary="List every error code.",
    args=Nothing,
    result=Page[ErrorRow],
    role=Role.VIEWER,
    route=None,
    examples=("decnetctl errors list", "decnetctl errors list -o csv"),
    columns=("code", "exit", "status", "title"),
    exempt=_OFFLINE,
)

OPERATIONS = (
    PLUGIN_LIST,
    PLUGIN_SHOW,
    CONFIG_SHOW,
    CONFIG_CHECK,
    EXPLAIN_SHOW,
    ERRORS_SHOW,
    ERRORS_LIST,
)
