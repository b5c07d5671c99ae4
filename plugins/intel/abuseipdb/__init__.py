"""AbuseIPDB: how often, by how many and for what an address was reported."""

from attrs import field, frozen, validators

from decnet_actors.contracts.intel import Key, safe_url, usable_key
from decnet_actors.contracts.plugin import Plugin
from plugins.intel.abuseipdb.provider import AbuseIpDb


@frozen(kw_only=True)
class AbuseIpDbConfig:
    """Options of ``[intel.options.abuseipdb]``."""

    key: Key | None = field(
        default=None,
        validator=usable_key,
        metadata={"help": "by reference: { file = ... }, { env = ... } or { credential = ... }; not asked without"},
    )
    url: str = field(
        default="https://api.abuseipdb.com/api/v2/check",
        validator=safe_url,
        metadata={"help": "of its check endpoint"},
    )
    days: int = field(
        default=30,
        validator=[validators.ge(1), validators.le(365)],
        metadata={"help": "how many days of reports count"},
    )
    per_day: int = field(
        default=1000, validator=[validators.ge(2), validators.le(10**6)], metadata={"help": "requests in 24 hours"}
    )
    interval: float = field(
        default=1.0, validator=[validators.ge(0), validators.le(3600)], metadata={"help": "between two requests"}
    )


PLUGIN = Plugin(
    id="intel.abuseipdb",
    config=AbuseIpDbConfig,
    create=lambda config, _deps: AbuseIpDb(config.url, config.key, config.days, config.interval, config.per_day),
    summary="AbuseIPDB: who was reported, by how many, for what",
)
