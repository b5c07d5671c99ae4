"""GreyNoise's community interface: who scans the whole Internet, and who is known to be harmless."""

from attrs import field, frozen, validators

from decnet_actors.contracts.intel import Key, safe_url, usable_key
from decnet_actors.contracts.plugin import Plugin
from plugins.intel.greynoise.provider import GreyNoise


@frozen(kw_only=True)
class GreyNoiseConfig:
    """Options of ``[intel.options.greynoise]``."""

    key: Key | None = field(
        default=None,
        validator=usable_key,
        metadata={
            "help": "by reference: { file = ... }, { env = ... } or { credential = ... }; it answers without, too"
        },
    )
    url: str = field(
        default="https://api.greynoise.io/v3/community",
        validator=safe_url,
        metadata={"help": "of the community interface"},
    )
    per_day: int = field(
        default=50, validator=[validators.ge(2), validators.le(10**6)], metadata={"help": "requests in 24 hours"}
    )
    interval: float = field(
        default=2.0, validator=[validators.ge(0), validators.le(3600)], metadata={"help": "between two requests"}
    )


PLUGIN = Plugin(
    id="intel.greynoise",
    config=GreyNoiseConfig,
    create=lambda config, _deps: GreyNoise(config.url, config.key, config.interval, config.per_day),
    summary="GreyNoise: scanners of the whole Internet, and harmless services",
)
