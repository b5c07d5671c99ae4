"""This module is what all connections of one ssh service share."""

import asyncio

import asyncssh
from attrs import frozen

from decnet_actors.contracts.decoy import Artifacts, CredentialPolicy
from decnet_actors.contracts.machine import Machine
from plugins.decoy.ssh.authentication import Rules
from plugins.decoy.ssh.keys import HostKeys
from plugins.decoy.ssh.releases import OpenSsh


@frozen(kw_only=True, eq=False)
class Daemon:
    """What all connections of one service share."""

    release: OpenSsh
    keys: HostKeys
    options: asyncssh.SSHServerConnectionOptions
    machine: Machine
    policy: CredentialPolicy
    artifacts: Artifacts
    rules: Rules
    loop: asyncio.AbstractEventLoop
