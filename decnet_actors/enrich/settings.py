"""This module defines what an operator can say about intelligence."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from attrs.validators import deep_iterable, ge, gt, instance_of, le, matches_re

DAY = 86_400.0  # seconds


@frozen(kw_only=True)
class IntelSettings:
    """Whether and how others are asked what they know of attackers' addresses; each learns who attacked us."""

    enabled: bool = field(default=False, metadata={"help": "ask the providers about attackers' addresses"})
    providers: tuple[str, ...] = field(
        default=("greynoise", "abuseipdb", "feodo", "threatfox"),
        validator=deep_iterable(instance_of(str)),
        metadata={"help": "names of intel plugins; those without the key they need are not asked"},
    )
    ttl: float = field(
        default=DAY,
        validator=[ge(60.0), le(30 * DAY)],
        metadata={"help": "how long an opinion is good for; then an address is asked about again when it comes again"},
    )
    retry: float = field(
        default=900.0,
        validator=[gt(0.0), le(DAY)],
        metadata={"help": "time until a request that brought nothing is made again"},
    )
    timeout: float = field(default=10.0, validator=[gt(0.0), le(60.0)], metadata={"help": "time one request may take"})
    user_agent: str = field(
        default="curl/7.88.1",
        validator=matches_re(r"[ -~]{1,200}"),
        metadata={"help": "what it calls itself"},
    )
    options: Mapping[str, Mapping[str, Any]] = field(  # Any: the plugins' own options, checked by the plugin registry
        factory=dict,
        metadata={"help": "a table of options a provider; see: decnetctl plugin show intel.greynoise"},
    )
