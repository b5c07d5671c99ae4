"""Feodo Tracker of abuse.ch: the command and control servers of botnets, as one list."""

from attrs import field, frozen, validators

from decnet_actors.contracts.intel import safe_url
from decnet_actors.contracts.plugin import Plugin
from plugins.intel.feodo.provider import Feodo


@frozen(kw_only=True)
class FeodoConfig:
    """Options of ``[intel.options.feodo]``."""

    url: str = field(
        default="https://feodotracker.abuse.ch/downloads/ipblocklist.json",
        validator=safe_url,
        metadata={"help": "of the list, as JSON"},
    )
    every: float = field(
        default=3600.0,
        validator=[validators.ge(300), validators.le(86_400)],
        metadata={"help": "how old it may become"},
    )


PLUGIN = Plugin(
    id="intel.feodo",
    config=FeodoConfig,
    create=lambda config, _deps: Feodo(config.url, config.every),
    summary="Feodo Tracker: servers that command botnets, looked up here in a list of all of them",
)
