"""This module is the table of all commands this server answers itself: name, or container|subcommand, to handler."""

from collections.abc import Mapping

from plugins.decoy.redis.client import Handler
from plugins.decoy.redis.commands import (
    administration,
    channels,
    collections,
    connection,
    info,
    keys,
    scans,
    scripts,
    sets,
    settings,
    sorted_sets,
    strings,
)

HANDLERS: Mapping[str, Handler] = {
    **administration.COMMANDS,
    **channels.COMMANDS,
    **collections.COMMANDS,
    **connection.COMMANDS,
    **info.COMMANDS,
    **keys.COMMANDS,
    **scans.COMMANDS,
    **scripts.COMMANDS,
    **sets.COMMANDS,
    **settings.COMMANDS,
    **sorted_sets.COMMANDS,
    **strings.COMMANDS,
}
