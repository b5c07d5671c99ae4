"""This module lists the operations on the fleet, its deckies and the kinds of machines they can be."""

from typing import Any

from decnet_actors.contracts.operations import Operation
from decnet_actors.fleet.archetype_operations import ARCHETYPE_LIST, ARCHETYPE_SHOW
from decnet_actors.fleet.check_operations import DECKY_CHECK
from decnet_actors.fleet.decky_operations import (
    DECKY_CREATE,
    DECKY_DELETE,
    DECKY_EDIT,
    DECKY_LIST,
    DECKY_MUTATE,
    DECKY_RESTART,
    DECKY_SERVICE_ADD,
    DECKY_SERVICE_REMOVE,
    DECKY_SERVICE_SET,
    DECKY_SHOW,
    DECKY_START,
    DECKY_STOP,
    SERVICE_LIST,
)
from decnet_actors.fleet.file_operations import DECKY_FILES, DECKY_RESTORE
from decnet_actors.fleet.fleet_operations import (
    FLEET_APPLY,
    FLEET_DIFF,
    FLEET_EXPORT,
    FLEET_HISTORY,
    FLEET_IMPORT,
    FLEET_PAUSE,
    FLEET_PLAN,
    FLEET_RESUME,
    FLEET_ROLLBACK,
    FLEET_SCALE,
    FLEET_SHOW,
    FLEET_TEARDOWN,
)
from decnet_actors.fleet.lifecycle_operations import OPERATION_FOLLOW, OPERATION_LIST, OPERATION_SHOW
from decnet_actors.fleet.tarpit_operations import TARPIT_CLEAR, TARPIT_SET, TARPIT_SHOW

OPERATIONS: tuple[Operation[Any, Any], ...] = (  # Any: operations of unlike classes
    FLEET_SHOW,
    FLEET_PLAN,
    FLEET_DIFF,
    FLEET_APPLY,
    FLEET_HISTORY,
    FLEET_ROLLBACK,
    FLEET_SCALE,
    FLEET_PAUSE,
    FLEET_RESUME,
    FLEET_TEARDOWN,
    FLEET_IMPORT,
    FLEET_EXPORT,
    OPERATION_LIST,
    OPERATION_SHOW,
    OPERATION_FOLLOW,
    DECKY_LIST,
    DECKY_SHOW,
    DECKY_CHECK,
    DECKY_CREATE,
    DECKY_EDIT,
    DECKY_DELETE,
    DECKY_START,
    DECKY_STOP,
    DECKY_RESTART,
    DECKY_MUTATE,
    DECKY_SERVICE_ADD,
    DECKY_SERVICE_SET,
    DECKY_SERVICE_REMOVE,
    TARPIT_SHOW,
    TARPIT_SET,
    TARPIT_CLEAR,
    DECKY_FILES,
    DECKY_RESTORE,
    SERVICE_LIST,
    ARCHETYPE_LIST,
    ARCHETYPE_SHOW,
)
