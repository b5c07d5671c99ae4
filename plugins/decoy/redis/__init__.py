"""This module is the Redis decoy: a key-value server that answers like the persona's, and remembers."""

from attrs import field, frozen
from attrs.validators import and_, ge, le, max_len

from decnet_actors.contracts.decoy import DecoyDeps
from decnet_actors.contracts.plugin import Plugin
from plugins.decoy.redis.service import RedisService


@frozen(kw_only=True)
class RedisConfig:
    """Options of ``[decky.services.redis]``."""

    port: int = field(default=6379, validator=and_(ge(0), le(65535)), metadata={"help": "where it listens"})
    password: str = field(
        default="",
        validator=max_len(512),
        repr=False,
        metadata={"help": "what AUTH must give; empty: open to everybody, as most that are found are", "secret": True},
    )
    keys: int = field(
        default=12, validator=and_(ge(0), le(1000)), metadata={"help": "keys invented for it, so that it is not empty"}
    )


def _create(config: RedisConfig, deps: DecoyDeps) -> RedisService:
    return RedisService(port=config.port, password=config.password, invented_keys=config.keys, deps=deps)


PLUGIN = Plugin(
    id="decoy.redis",
    config=RedisConfig,
    create=_create,
    summary="Redis key-value server (RESP2 and RESP3)",
)
