"""This module is the table of commands by name: what the shell does itself, and what programs do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from decnet_actors.machine.shell.commands import (
    accounts,
    builtins,
    busybox,
    columns,
    editors,
    encoding,
    environment,
    finding,
    flow,
    hardware,
    inspecting,
    listing,
    moving,
    network,
    output,
    processes,
    reading,
    searching,
    services,
    system,
    texts,
    transfer,
    writing,
)

if TYPE_CHECKING:
    from decnet_actors.machine.shell.context import Function

BUILTINS: "Mapping[str, Function]" = {
    **builtins.COMMANDS,
    **environment.COMMANDS,
    **flow.COMMANDS,
    **output.BUILTINS,
    **processes.BUILTINS,
}
PROGRAMS: "Mapping[str, Function]" = {
    **output.PROGRAMS,
    **reading.COMMANDS,
    **encoding.COMMANDS,
    **writing.COMMANDS,
    **listing.COMMANDS,
    **finding.COMMANDS,
    **inspecting.COMMANDS,
    **moving.COMMANDS,
    **hardware.COMMANDS,
    **texts.COMMANDS,
    **searching.COMMANDS,
    **editors.COMMANDS,
    **columns.COMMANDS,
    **busybox.COMMANDS,
    **accounts.COMMANDS,
    **system.COMMANDS,
    **processes.COMMANDS,
    **services.COMMANDS,
    **network.COMMANDS,
    **transfer.COMMANDS,
    **builtins.PROGRAMS,
}
