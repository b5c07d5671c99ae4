"""This module composes the daemon: every part is made here, once, and handed to those who need it."""

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import resources
from importlib.metadata import version
from typing import Any, TypeVar

from attrs import define, field

from decnet_actors.app.actors import Actors
from decnet_actors.app.describe import Descriptions
from decnet_actors.app.doctor import Doctor, Ward
from decnet_actors.app.fleet_view import Inhabitant, LiveFleet
from decnet_actors.app.house import Means, settle_all
from decnet_actors.app.load import PLUGINS, Configuration
from decnet_actors.app.roles import Roles
from decnet_actors.app.selftest import Selftest
from decnet_actors.app.status import Gauges, Status
from decnet_actors.contracts import runtime_operations as runtime_ops
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.codec import plain
from decnet_actors.domain.ids import Ids
from decnet_actors.domain.records import Entry
from decnet_actors.fleet import operations as fleet_ops
from decnet_actors.store.accounts import Accounts as AccountTable
from decnet_actors.store.artifacts import ArtifactStore
from decnet_actors.store.engine import make_engine, sqlite_path
from decnet_actors.store.installation import Installation, installation
from decnet_actors.store.intake import Intake
from decnet_actors.store.journal import AskStatus, Journal, JournalStatus
from decnet_actors.store.migrations import migrate
from decnet_actors.store.reader import Reader
from decnet_actors.store.vault import DeckyVault
from decnet_actors.web.accounts import Accounts
from decnet_actors.web.doorkeeper import Doorkeeper
from decnet_actors.web.passwords import Hasher
from decnet_actors.web.server import WebDeps, WebServer, WhereAreYou
from supervisors.actor import ActorDeadError
from supervisors.bus import Bus, Envelope
from supervisors.clock import Clock
from supervisors.control import ControlServer
from supervisors.offload import Offload
from supervisors.plugin import PluginRegistry
from supervisors.report import Report, TreeNode
from supervisors.spec import ChildSpec, DynamicSpec, SupervisorSpec
from supervisors.system import System
from supervisors.watchdog import AskLag, LoopLag, Watchdog
