"""This module lists the operations on evidence.

Times are Unix seconds. Text peers chose is as it was in ``fact``, and escaped everywhere else; ``bytes`` fields become
``{"text": escaped, "base64": exact}``. A page may be shorter than ``limit`` and still have a ``next``: a search looks
at a bounded number of events at a time.
"""

from typing import Any

from decnet_actors.contracts.operations import Operation
from decnet_actors.store.attacker_operations import ATTACKER_EXPORT, ATTACKER_LIST, ATTACKER_SHOW
from decnet_actors.store.backup_operations import BACKUP_CREATE, BACKUP_LIST, BACKUP_RESTORE, BACKUP_VERIFY
from decnet_actors.store.credential_operations import ARTIFACT_LIST, CREDENTIAL_LIST, CREDENTIAL_SHOW
from decnet_actors.store.event_operations import EVENT_HISTOGRAM, EVENT_LIST, EVENT_SHOW, EVENT_TAIL
from decnet_actors.store.identity_operations import (
    CAMPAIGN_LIST,
    CAMPAIGN_SHOW,
    IDENTITY_EVIDENCE,
    IDENTITY_LIST,
    IDENTITY_MERGE,
    IDENTITY_SHOW,
    IDENTITY_SPLIT,
)
from decnet_actors.store.overview_operations import DB_STATUS, OVERVIEW_SHOW
from decnet_actors.store.reuse_operations import REUSE_LIST, REUSE_SHOW
from decnet_actors.store.search_operations import SESSION_SEARCH
from decnet_actors.store.session_operations import SESSION_LIST, SESSION_REPLAY, SESSION_SHOW

OPERATIONS: tuple[Operation[Any, Any], ...] = (  # Any: operations of unlike classes
    EVENT_LIST,
    EVENT_SHOW,
    EVENT_TAIL,
    EVENT_HISTOGRAM,
    SESSION_LIST,
    SESSION_SHOW,
    SESSION_REPLAY,
    SESSION_SEARCH,
    ATTACKER_LIST,
    ATTACKER_SHOW,
    ATTACKER_EXPORT,
    CREDENTIAL_LIST,
    CREDENTIAL_SHOW,
    REUSE_LIST,
    REUSE_SHOW,
    ARTIFACT_LIST,
    IDENTITY_LIST,
    IDENTITY_SHOW,
    IDENTITY_EVIDENCE,
    IDENTITY_MERGE,
    IDENTITY_SPLIT,
    CAMPAIGN_LIST,
    CAMPAIGN_SHOW,
    OVERVIEW_SHOW,
    DB_STATUS,
    BACKUP_CREATE,
    BACKUP_LIST,
    BACKUP_VERIFY,
    BACKUP_RESTORE,
)
