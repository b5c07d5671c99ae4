"""Every installed provider of intelligence keeps the promises of its kind; and the check notices who does not."""

import importlib
from pathlib import Path

import attrs
import pytest

from decnet_actors.conformance.intel import check_intel
from decnet_actors.conformance.promises import ConformanceError
from decnet_actors.contracts.intel import Key, Limits, Opinion, Request
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.domain.intel import Verdict
from plugins.intel.feodo.provider import Feodo
from plugins.intel.greynoise.provider import GreyNoise
from tests.intel import KEY

NAMES = sorted(path.parent.name for path in Path("plugins/intel").glob("*/__init__.py"))


@attrs.frozen
class NoConfig:
    pass


def plugin_of(made) -> Plugin[NoConfig]:
    return Plugin(id="intel.broken", config=NoConfig, create=lambda _config, _deps: made, summary="Broken")


@pytest.mark.parametrize("name", NAMES)
def test_provider_keeps_the_promises_of_its_kind(name):
    plugin = importlib.import_module(f"plugins.intel.{name}").PLUGIN
    takes_key = "key" in attrs.fields_dict(plugin.config)
    check_intel(plugin, config=plugin.config(**({"key": Key(KEY, "env X")} if takes_key else {})))


class Sound(GreyNoise):
    """What the broken ones differ from."""

    def __init__(self):
        super().__init__("https://example.net", None, 1.0, 10)


class Credulous(Sound):
    """Takes what comes."""

    def read(self, address, answer):
        return Opinion(verdict=Verdict.UNKNOWN, fields={"name": answer.body.decode("utf-8", "replace")})


class Careless(Sound):
    """Breaks at what it does not expect."""

    def read(self, address, answer):
        return Opinion(verdict=Verdict(answer.body.decode()), fields={})


class Endless(Sound):
    def __init__(self):
        super().__init__()
        self.limits = Limits(interval=0.0, per_day=10, max_size=2**40)


class Fickle(Sound):
    asked = 0

    def request(self, address):
        self.asked += 1
        return Request(url=f"https://example.net/{self.asked}/{address}")


class Telling(Feodo):
    """Tells the list's owner whom we look for."""

    def __init__(self):
        super().__init__("https://example.net", 3600.0)

    def list_request(self):
        return Request(url="https://example.net/?who=45.83.64.1")


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (Credulous, "is not safe"),
        (Endless, "any size"),
        (Fickle, "another way"),
        (Telling, "learns an address"),
    ],
)
def test_a_broken_promise_is_noticed(broken, promise):
    with pytest.raises(ConformanceError, match=promise):
        check_intel(plugin_of(broken()), config=NoConfig())
    check_intel(plugin_of(Sound()), config=NoConfig())


def test_who_breaks_at_a_hostile_answer_is_noticed():
    with pytest.raises(ValueError, match="is not a valid Verdict"):
        check_intel(plugin_of(Careless()), config=NoConfig())
