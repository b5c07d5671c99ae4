"""This module lists the nouns of the command line by name, so that help needs to import none of them."""

import functools
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from decnet_actors.contracts.operations import Operation

RUNTIME = "decnet_actors.contracts.runtime_operations"
DESCRIPTION = "decnet_actors.contracts.description_operations"
GEOIP = "decnet_actors.contracts.geoip_operations"
INIT = "decnet_actors.contracts.init_operations"
STORE = "decnet_actors.store.operations"
FLEET = "decnet_actors.fleet.operations"
WEB = "decnet_actors.web.operations"
INTEL = "decnet_actors.contracts.intel_operations"
TECHNIQUES = "decnet_actors.analysis.techniques.operations"

# Every module that defines operations. A test finds the ones missing here.
OPERATION_MODULES = (RUNTIME, DESCRIPTION, GEOIP, INIT, STORE, FLEET, WEB, INTEL, TECHNIQUES)


@frozen(kw_only=True)
class Noun:
    """What a first word of the command line leads to."""

    help: str
    module: str = ""  # of its operations
    command: str = ""  # "module:attribute" of a hand-written click command, instead
    operation: str = ""  # set when the word is a whole command by itself


NOUNS: dict[str, Noun] = {
    "status": Noun(help="Show whether the daemon is ready, on one screen.", module=RUNTIME, operation="status.show"),
    "doctor": Noun(help="Check host, daemon and data; say how to mend them.", module=RUNTIME, operation="doctor.run"),
    "selftest": Noun(help="Probe a decoy for real, follow it to its event.", module=RUNTIME, operation="selftest.run"),
    "init": Noun(help="Set this host up for the daemon, or undo that.", module=INIT, operation="init.run"),
    "demo": Noun(help="Run a throw-away instance with a synthetic attacker.", command="decnet_actors.ctl.demo:demo"),
    "overview": Noun(help="What happened, in numbers.", module=STORE),
    "event": Noun(help="Evidence as it was recorded: list, show, tail, histogram.", module=STORE),
    "session": Noun(help="Sessions of peers: list, show, replay, search.", module=STORE),
    "attacker": Noun(help="Attackers: list, show, export.", module=STORE),
    "credential": Noun(help="Credentials peers tried.", module=STORE),
    "artifact": Noun(help="Files peers brought.", module=STORE),
    "intel": Noun(help="What others know of addresses: show, list, refresh, status.", module=INTEL),
    "identity": Noun(help="Actors behind the addresses: list, show, evidence, merge, split.", module=STORE),
    "campaign": Noun(help="Identities that work together: list, show.", module=STORE),
    "technique": Noun(help="ATT&CK techniques that events show, and the rules that find them.", module=TECHNIQUES),
    "fleet": Noun(help="What the fleet is meant to be: show, diff, apply, history, rollback.", module=FLEET),
    "operation": Noun(help="What was asked of the deckies, and whether it is done: list, show, follow.", module=FLEET),
    "decky": Noun(help="Decoy machines and their services: list, show, create, edit, delete.", module=FLEET),
    "service": Noun(help="Services of all deckies, and where they listen.", module=FLEET),
    "archetype": Noun(help="Kinds of machines a decky can be.", module=FLEET),
    "actor": Noun(help="The live supervisor tree: tree, list, restart, stop, start.", module=RUNTIME),
    "plugin": Noun(help="What can be chosen by name: decoys, drivers.", module=DESCRIPTION),
    "config": Noun(help="Check configuration files, show what is in force.", module=DESCRIPTION),
    "user": Noun(help="Who may use the dashboard.", module=WEB),
    "api-token": Noun(help="Keys of machines that use the API.", module=WEB),
    "audit": Noun(help="Who did what, and when.", module=WEB),
    "geoip": Noun(help="Where addresses are: lookup, status, refresh.", module=GEOIP),
    "db": Noun(help="How the database is doing.", module=STORE),
    "backup": Noun(help="Create, verify and restore backups.", module=STORE),
    "explain": Noun(
        help="Explain a configuration key, fact, operation or error code.", module=DESCRIPTION, operation="explain.show"
    ),
    "errors": Noun(help="The catalogue of error codes, offline.", module=DESCRIPTION),
    "completion": Noun(
        help="Print the completion script of a shell.", command="decnet_actors.ctl.completion:completion"
    ),
}

# Hand-written commands of a noun whose other commands are generated, "noun verb" -> "module:attribute".
COMMANDS: dict[str, str] = {"session replay": "decnet_actors.ctl.session:replay"}

# Operations that make a revision of the fleet.
CHANGES = (
    "fleet.apply",
    "fleet.rollback",
    "fleet.scale",
    "fleet.pause",
    "fleet.resume",
    "fleet.teardown",
    "fleet.import",
    "decky.create",
    "decky.edit",
    "decky.delete",
    "decky.start",
    "decky.stop",
    "decky.mutate",
    "decky.service-add",
    "decky.service-set",
    "decky.service-remove",
    "decky.tarpit-set",
    "decky.tarpit-clear",
)

# How an operation's answer is shown in the formats for people, and what its exit code is: "module:attribute".
VIEWS: dict[str, str] = {
    "status.show": "decnet_actors.ctl.status:VIEW",
    "doctor.run": "decnet_actors.ctl.doctor:VIEW",
    "selftest.run": "decnet_actors.ctl.selftest:VIEW",
    "init.run": "decnet_actors.ctl.init:VIEW",
    "overview.show": "decnet_actors.ctl.overview:VIEW",
    "event.tail": "decnet_actors.ctl.event:TAIL",
    "event.histogram": "decnet_actors.ctl.event:HISTOGRAM",
    "session.search": "decnet_actors.ctl.search:VIEW",
    "actor.tree": "decnet_actors.ctl.actor:TREE",
    "plugin.show": "decnet_actors.ctl.plugin:SHOW",
    "config.show": "decnet_actors.ctl.config:SHOW",
    "config.check": "decnet_actors.ctl.config:CHECK",
    "backup.restore": "decnet_actors.ctl.backup:VIEW",
    "fleet.diff": "decnet_actors.ctl.fleet:DIFF",
    "fleet.export": "decnet_actors.ctl.fleet:TEXT",
    "technique.export": "decnet_actors.ctl.fleet:TEXT",
    **dict.fromkeys(CHANGES, "decnet_actors.ctl.fleet:CHANGE"),
    "decky.restart": "decnet_actors.ctl.fleet:RESTART",
    "operation.follow": "decnet_actors.ctl.fleet:FOLLOW",
    "attacker.show": "decnet_actors.ctl.attacker:SHOW",
    "attacker.export": "decnet_actors.ctl.fleet:TEXT",
    "decky.check": "decnet_actors.ctl.coherence:VIEW",
    "geoip.refresh": "decnet_actors.ctl.geoip:REFRESH",
    "explain.show": "decnet_actors.ctl.explain:VIEW",
    "errors.show": "decnet_actors.ctl.errors:VIEW",
}

# What to say beside an answer that has something in the field: operation -> (field, text).
REMARKS: dict[str, tuple[str, str]] = {
    "user.add": ("password", "the password is shown this once"),
    "user.reset-password": ("password", "the password is shown this once; every session of the user has ended"),
    "user.setup-link": ("url", "open it in a browser; it works once"),
    "api-token.create": ("token", "the token is shown this once"),
}

# What to say when a list is empty, beside that nothing was found.
HINTS: dict[str, str] = {
    "session.list": "try one: decnetctl selftest",
    "user.list": "decnetctl user add NAME --role admin",
    "api-token.list": "decnetctl api-token create NAME",
    "backup.list": "decnetctl backup create",
    "technique.list": "none of the rules has matched yet: decnetctl technique rules",
}

# Operations the command answers by itself: "module:function" of (arguments, settings) -> builtins, yielded by a stream.
LOCAL: dict[str, str] = {
    "init.run": "decnet_actors.ctl.init:run",
    "config.check": "decnet_actors.ctl.config:check",
    "explain.show": "decnet_actors.ctl.explain:explain",
    "errors.show": "decnet_actors.ctl.errors:show",
    "errors.list": "decnet_actors.ctl.errors:list_all",
}

# Operations that have an answer of their own when no daemon runs.
FALLBACK: dict[str, str] = {"doctor.run": "decnet_actors.ctl.doctor:without_daemon"}


def operations_in(module: str) -> Iterator[Operation[Any, Any]]:
    """Yield the operations a module defines, in the order it does."""
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, Operation):
            yield value


def operations() -> tuple[Operation[Any, Any], ...]:
    """Return every operation there is (imports all the modules)."""
    return tuple(operation for module in OPERATION_MODULES for operation in operations_in(module))


@functools.cache
def commands_of(noun: str) -> Mapping[str, Operation[Any, Any]]:
    """Return verb -> operation of a noun."""
    module = NOUNS[noun].module
    return {item.verb: item for item in operations_in(module) if item.noun == noun} if module else {}


def load(place: str) -> Any:  # Any: whatever stands there
    """Return what ``module:attribute`` names."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)


def find(table: dict[str, str], name: str) -> Any:  # Any: see ``load``
    """Return the object ``table`` has for ``name``, imported, or ``None``."""
    return load(table[name]) if name in table else None
