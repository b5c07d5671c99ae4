"""This module is the Redis service of one decky: it keeps the server, and makes a session for each connection."""

from decnet_actors.contracts.decoy import DecoyDeps, SessionLog
from plugins.decoy.redis.client import Client
from plugins.decoy.redis.server import Server
from plugins.decoy.redis.session import RedisSession, call


class RedisService:
    """What outlives the sessions."""

    def __init__(self, *, port: int, password: str, invented_keys: int, deps: DecoyDeps) -> None:
        self.server: Server[Client] = Server(
            persona=deps.persona,
            password=password,
            port=port,
            policy=deps.policy,
            rng=deps.rng,
            invented_keys=invented_keys,
            call=call,
        )

    async def open(self) -> None:
        """Nothing to get ready."""

    def connect(self, log: SessionLog) -> RedisSession:
        """Return the session of one connection."""
        return RedisSession(self.server, log)

    async def aclose(self) -> None:
        """Nothing to let go of."""
