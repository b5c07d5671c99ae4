"""ThreatFox of abuse.ch: addresses that malware uses, and which malware."""

from attrs import field, frozen, validators

from decnet_actors.contracts.intel import Key, safe_url, usable_key
from decnet_actors.contracts.plugin import Plugin
from plugins.intel.threatfox.provider import ThreatFox


@frozen(kw_only=True)
class ThreatFoxConfig:
    """Options of ``[intel.options.threatfox]``."""

    key: Key | None = field(
        default=None,
        validator=usable_key,
        metadata={"help": "by reference: { file = ... }, { env = ... } or { credential = ... }; not asked without"},
    )
    url: str = field(
        default="https://threatfox-api.abuse.ch/api/v1/", validator=safe_url, metadata={"help": "of its interface"}
    )
    per_day: int = field(
        default=2000, validator=[validators.ge(2), validators.le(10**6)], metadata={"help": "requests in 24 hours"}
    )
    interval: float = field(
        default=1.0, validator=[validators.ge(0), validators.le(3600)], metadata={"help": "between two requests"}
    )


PLUGIN = Plugin(
    id="intel.threatfox",
    config=ThreatFoxConfig,
    create=lambda config, _deps: ThreatFox(config.url, config.key, config.interval, config.per_day),
    summary="ThreatFox: addresses that malware uses, and which malware",
)
