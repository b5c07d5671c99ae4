"""Fleets for tests: what is installed, and hypothesis strategies of deckies."""

import string
from typing import Any

from attrs import field, frozen
from hypothesis import strategies as st

from decnet_actors.contracts.fleet import Bait, Limits
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.fleet.plan import Installed
from decnet_actors.fleet.settings import DeckySettings

PORTS = {"http": 80, "redis": 6379, "ssh": 22, "telnet": 23}


def options(service: str) -> type[Any]:
    @frozen(kw_only=True)
    class Options:
        port: int = PORTS[service]
        banner: str = ""
        delay: float = 2.0
        noisy: bool = False
        password: str = field(default="", metadata={"secret": True})

    return Options


CONFIGS = {name: options(name) for name in PORTS}


def plugin(plugin_id: str) -> Plugin[Any]:
    config = CONFIGS[plugin_id.removeprefix("decoy.")]
    return Plugin(id=plugin_id, config=config, create=lambda config, deps: None, summary="")


INSTALLED = Installed(
    services=tuple(PORTS),
    plugin=plugin,
    systems=("debian", "debian:12", "ubuntu", "ubuntu:22.04"),
    implausible=lambda _: (),
)

names = st.from_regex(r"[a-z]([a-z0-9-]{0,12}[a-z0-9])?", fullmatch=True)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
option_tables = st.fixed_dictionaries(
    {},
    optional={"banner": words, "delay": st.floats(0, 1e6), "noisy": st.booleans(), "password": words},
)
services = st.one_of(
    st.lists(st.sampled_from(sorted(PORTS)), min_size=1, unique=True).map(tuple),
    st.dictionaries(st.sampled_from(sorted(PORTS)), option_tables, min_size=1),
)
baits = st.builds(
    Bait,
    user=st.text(string.ascii_letters, min_size=1, max_size=8),
    secret=st.text(string.ascii_letters + " $\"'\\", min_size=4, max_size=12),
    service=st.sampled_from(("", "ssh")),
)
seconds = st.one_of(st.integers(60, 10**6).map(float), st.floats(60, 1e6))


def deckies(name: st.SearchStrategy[str] = names) -> st.SearchStrategy[DeckySettings]:
    return st.builds(
        DeckySettings,
        name=name,
        services=services,
        distribution=st.sampled_from(("", "debian", "debian:12", "ubuntu:22.04")),
        archetype=st.sampled_from(("", "linux-server", "iot-device")),
        stack=st.sampled_from(("", "linux", "windows-10")),
        mac=st.sampled_from(("", "52:54:00:1a:2b:3c")),
        bait=st.lists(baits, max_size=2).map(tuple),
        weak_credentials=st.integers(0, 10),
        mutate_interval=st.one_of(st.just(0.0), seconds),
        state=st.sampled_from(("running", "stopped")),
        limits=st.builds(Limits, idle=seconds, connections=st.integers(1, 10**6)),
    )


fleets = st.lists(names, unique=True, max_size=5).flatmap(
    lambda chosen: st.tuples(*(deckies(st.just(name)) for name in chosen))
)
few_names = st.lists(st.sampled_from(("a", "b", "c", "d")), unique=True).flatmap(
    lambda chosen: st.tuples(*(deckies(st.just(name)) for name in chosen))
)
