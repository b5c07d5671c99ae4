"""This module is the server behind the sessions of one decky: its keys, settings, clients and counters."""

import json
import random
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Generic, TypeVar

from decnet_actors.contracts.decoy import CredentialPolicy
from decnet_actors.domain.persona import Persona
from plugins.decoy.redis.catalogue import Version, catalogue, parse_version
from plugins.decoy.redis.keyspace import Keyspace

C = TypeVar("C")  # what a client is to this server: client.Client, which knows the server

_UNKNOWN_VERSION = "7.0.15"  # of a persona without the package
_STARTS_AFTER = 31.0  # seconds from boot until a service manager gets to it, at most twice this
_USERLESS: Version = (6, 0)  # older servers have no ACL

# Whole families that a decoy answers as an administrator would have forbidden them; ACL LIST says the same.
DENIED_CATEGORIES = ("bitmap", "blocking", "geo", "hyperloglog", "stream")
DENIED_COMMANDS = (
    "dump",
    "failover",
    "fcall",
    "fcall_ro",
    "function",
    "lcs",
    "lmpop",
    "lpos",
    "migrate",
    "monitor",
    "psync",
    "replconf",
    "restore",
    "restore-asking",
    "sort",
    "sort_ro",
    "ssubscribe",
    "sunsubscribe",
    "sync",
    "xgroup",
    "xinfo",
    "zdiff",
    "zdiffstore",
    "zinter",
    "zintercard",
    "zinterstore",
    "zlexcount",
    "zmpop",
    "zrandmember",
    "zrangebylex",
    "zrangestore",
    "zremrangebylex",
    "zrevrangebylex",
    "zunion",
    "zunionstore",
)


@cache
def _defaults() -> dict[str, str]:
    text = (files("plugins.decoy.redis") / "data" / "config.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def _denied(version: tuple[int, ...]) -> frozenset[str]:
    """Return the commands that nobody may run in a version; all deckies of it share them."""
    return frozenset(
        one.name
        for command in catalogue(version).values()
        for one in (command, *command.subcommands.values())
        if command.name in DENIED_COMMANDS or not one.categories.isdisjoint(DENIED_CATEGORIES)
    )


class Server(Generic[C]):
    """What all sessions share. Everything that looks random follows from the persona's seed."""

    def __init__(
        self,
        *,
        persona: Persona,
        password: str,
        port: int,
        policy: CredentialPolicy,
        rng: random.Random,
        invented_keys: int,
        call: Callable[[C, tuple[bytes, ...]], bytes],
    ) -> None:
        """Set it up.

        Args:
            persona: whose server it is; its package ``redis`` gives the version.
            password: what AUTH must give; empty is none.
            port: where it listens, for INFO and CONFIG.
            policy: judges the other credentials.
            rng: chance in answers.
            invented_keys: how many keys it has at first.
            call: runs a command for a script.

        """
        self.call = call
        self.persona = persona
        self.policy = policy
        self.rng = rng
        self.password = password.encode()
        self.version_text = _upstream(persona.packages.get("redis", "")) or _UNKNOWN_VERSION
        self.version = parse_version(self.version_text)
        self.catalogue = catalogue(self.version)
        self.denied = _denied(self.version)
        self.keyspace = Keyspace()
        self.clients: dict[int, C] = {}
        fixed = random.Random(f"{persona.seed}/redis")  # noqa: S311  a persona, not a secret
        self.started = persona.booted_at + fixed.uniform(1, 2) * _STARTS_AFTER
        self.process = fixed.randrange(500, 1500)
        self.run_id = f"{fixed.getrandbits(160):040x}"
        self.replication_id = f"{fixed.getrandbits(160):040x}"
        self.base_memory = fixed.randrange(860_000, 1_060_000)
        self.connections = fixed.randrange(40, 400)  # before anybody was watched
        self.processed = self.connections * fixed.randrange(4, 30)
        self.read = self.processed * fixed.randrange(28, 60)
        self.written = self.processed * fixed.randrange(40, 900)
        self.errors: dict[str, int] = {}
        self.saved_at = self.started + fixed.uniform(100, 3600)
        self.master: tuple[str, int] | None = None
        self.master_since = 0.0
        self.scripts: dict[bytes, bytes] = {}
        self.config = self._settings(port)
        if invented_keys:
            self._invent(fixed, invented_keys)

    @property
    def has_users(self) -> bool:
        """Whether this version knows users and ACLs."""
        return self.version >= _USERLESS

    def next_client(self) -> int:
        """Return the number of a new client."""
        self.connections += 1
        return self.connections

    def _settings(self, port: int) -> dict[str, str]:
        """Return the configuration as Debian's package has it."""
        return {
            **_defaults(),
            "port": str(port),
            "bind": "* -::*",
            "protected-mode": "no",
            "daemonize": "yes",
            "supervised": "systemd",
            "dir": "/var/lib/redis",
            "logfile": "/var/log/redis/redis-server.log",
            "pidfile": "/run/redis/redis-server.pid",
            "unixsocket": "",
            "save": "3600 1 300 100 60 10000",
            "requirepass": self.password.decode("utf-8", "replace"),
            # What our own cap on a request makes of this setting.
            "proto-max-bulk-len": "1048576",
        }

    def _invent(self, fixed: random.Random, count: int) -> None:
        """Fill in a few keys an application would leave, no two machines the same."""
        users = [account.name for account in self.persona.accounts if account.uid >= 1000] or ["admin"]  # noqa: PLR2004  people begin at 1000
        application = fixed.choice(["app", "shop", "portal", "crm", "api", "wp", "billing"])
        for _ in range(count):
            shape = fixed.randrange(4)
            key, value = b"", b""
            if shape == 0:
                key = f"{application}:session:{fixed.getrandbits(128):032x}".encode()
                last = int(self.started) + fixed.randrange(86_400)
                value = json.dumps({"uid": fixed.randrange(1, 900), "user": fixed.choice(users), "ts": last}).encode()
            elif shape == 1:
                key = f"{application}:cache:page:{fixed.randrange(1, 4000)}".encode()
                value = f"{fixed.getrandbits(256):064x}".encode()
            elif shape == 2:  # noqa: PLR2004  one of four shapes
                key = (
                    f"{application}:counter:{fixed.choice(['visits', 'logins', 'orders', 'mails', 'errors'])}".encode()
                )
                value = str(fixed.randrange(10, 90_000)).encode()
            else:
                key = f"rl:{fixed.choice(users)}:{fixed.randrange(1, 99)}".encode()
                value = str(fixed.randrange(1, 60)).encode()
            self.keyspace.put(0, key, value)
        self.keyspace.changes = 0


def _upstream(package: str) -> str:
    return ".".join(str(part) for part in parse_version(package))
