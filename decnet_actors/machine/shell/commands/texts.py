"""This module holds commands to come."""

from collections.abc import Mapping

from decnet_actors.machine.shell.context import Function

COMMANDS: Mapping[str, Function] = {}
