"""Tests of the expansion of a fleet as written into a plan."""

from typing import Any

import pytest
from attrs import field, frozen

from decnet_actors.contracts.fleet import Bait, Limits
from decnet_actors.contracts.plugin import Plugin
from decnet_actors.fleet.archetypes import stack_of
from decnet_actors.fleet.plan import Installed, expand
from decnet_actors.fleet.settings import DeckySettings, default_fleet
from supervisors.config import ConfigError, load


@frozen(kw_only=True)
class Options:
    port: int = 22
    banner: str = ""


@frozen(kw_only=True)
class OtherOptions:
    port: int = 80
    banner: str = ""


@frozen(kw_only=True)
class Root:
    decky: tuple[DeckySettings, ...] = field(default=())


def plugin(plugin_id: str) -> Plugin[Any]:
    config = OtherOptions if plugin_id == "decoy.http" else Options
    return Plugin(id=plugin_id, config=config, create=lambda config, deps: None, summary="")


def expanded(*fleet: DeckySettings, available=("ssh", "telnet", "http", "redis")):
    return expand(
        fleet, Installed(services=available, plugin=plugin, systems=("debian", "debian:12"), implausible=lambda _: ())
    )


def from_toml(tmp_path, text):
    file = tmp_path / "fleet.toml"
    file.write_text(text)
    return expanded(*load(Root, [file], environ={}).value.decky)


def test_list_of_names_gives_services_with_their_defaults():
    (plan,) = expanded(DeckySettings(name="web-01", services=("ssh",), address="127.0.0.9"))

    assert ("web-01", 0, "127.0.0.9") == (plan.name, plan.index, plan.address)
    assert [("ssh", "decoy.ssh", 22, Options())] == [(s.name, s.plugin, s.port, s.config) for s in plan.services]


def test_tables_configure_services(tmp_path):
    text = """
    [[decky]]
    name = "a"
    services = ["ssh"]
    [[decky]]
    name = "b"
    distribution = "debian:12"
    bait = [{ user = "svc", secret = "Winter2024" }]
    limits = { idle = "5m" }
    [decky.services.ssh]
    port = 2022
    banner = "hi"
    [decky.services.telnet]
    """
    first, second = from_toml(tmp_path, text)

    assert first.index == 0
    assert second.index == 1
    assert [Options(port=2022, banner="hi"), Options()] == [service.config for service in second.services]
    assert second.services[0].limits == Limits(idle=300.0)
    assert second.baits == (Bait(user="svc", secret="Winter2024"),)
    assert second.distribution == "debian:12"


def test_every_mistake_is_named_with_its_line(tmp_path):
    text = '[[decky]]\nname = "a"\n[decky.services.sssh]\n[decky.services.http]\nprot = 1\nport = "x"\n'
    with pytest.raises(ConfigError) as caught:
        from_toml(tmp_path, text)

    problems = [(problem.line, problem.suggestion) for problem in caught.value.problems]
    assert (5, "port") in problems
    assert "ssh" in [suggestion for _, suggestion in problems]
    assert len(problems) == 3


@pytest.mark.parametrize(
    ("fleet", "text"),
    [
        ([DeckySettings(name="a", services=())], "at least one service"),
        ([DeckySettings(name="a", services=("ssh", "telnet"))], "port 22 is already taken by ssh"),
        ([DeckySettings(name="a", services=("ssh",))] * 2, "two deckies have the name 'a'"),
        ([DeckySettings(name=n, services=("ssh",), address="127.0.0.9") for n in "ab"], "two deckies have the address"),
        ([DeckySettings(name="a", services=("zzz",))], "no decoy is called 'zzz'"),
        ([DeckySettings(name="a", services={"ssh": 22})], "its options are a table"),
        ([DeckySettings(name="a", services=("ssh",), distribution="debiam")], "no system is called 'debiam'"),
        ([DeckySettings(name="a", archetype="web-sever")], "no archetype is called 'web-sever'"),
        ([DeckySettings(name="a", archetype="printer")], "no decoy is installed for anything that printer serves"),
    ],
)
def test_fleet_that_cannot_be_is_refused(fleet, text):
    with pytest.raises(ConfigError) as caught:
        expanded(*fleet)

    assert text in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "Web"},
        {"name": "-a"},
        {"name": "a" * 64},
        {"address": "127.0.0.256"},
        {"distribution": "Debian 12"},
        {"weak_credentials": 11},
        {"stack": "Windows 10"},
        {"mac": "33:33:00:00:00:01"},
        {"mac": "52:54:00:1a:2b"},
        {"mutate_interval": 59.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        DeckySettings(**({"name": "a", "services": ("ssh",)} | bad))


def test_an_archetype_gives_what_is_not_said():
    plain, own = expanded(
        DeckySettings(name="a", archetype="linux-server"),
        DeckySettings(name="b", archetype="linux-server", services=("telnet",), stack="freebsd", state="stopped"),
    )

    assert (["http", "ssh"], "linux", True) == ([s.name for s in plain.services], plain.stack, plain.running)
    assert (["telnet"], "freebsd", False) == ([s.name for s in own.services], own.stack, own.running)


def test_a_decky_keeps_its_number_wherever_it_stands():
    fleet = [DeckySettings(name=name, services=("ssh",)) for name in "ab"]
    installed = Installed(services=("ssh",), plugin=plugin, systems=(), implausible=lambda _: ())

    assert [7, 0] == [plan.index for plan in expand(fleet, installed, {"a": 7, "b": 0})]


def test_default_fleet_can_be_planned():
    plans = expand(
        default_fleet(),
        Installed(
            services=("ssh", "telnet", "http", "redis"),
            plugin=lambda plugin_id: Plugin(
                id=plugin_id, config=_with_port(sum(plugin_id.encode())), create=lambda c, d: None, summary=""
            ),
            systems=(),
            implausible=lambda _: (),
        ),
    )

    assert {service.name for plan in plans for service in plan.services} == {"ssh", "telnet", "http", "redis"}


def _with_port(number: int) -> type:
    @frozen(kw_only=True)
    class Own:
        port: int = number

    return Own


@pytest.mark.parametrize(
    ("written", "stack"),
    [
        ({"archetype": "windows-workstation"}, "windows-10"),
        ({"archetype": "windows-server"}, "windows-server-2019"),
        ({"archetype": "domain-controller"}, "windows-server-2016"),
        ({"archetype": "printer"}, "embedded"),
        ({"archetype": "windows-server", "stack": "windows-server-2016"}, "windows-server-2016"),
        ({"distribution": "debian"}, "linux"),
        ({"distribution": "debian:12", "stack": "embedded"}, "embedded"),
        ({}, ""),  # the driver's own setting
    ],
)
def test_the_stack_follows_the_system_unless_it_is_named(written, stack):
    (plan,) = expanded(DeckySettings(name="a", services=("redis",), **written))

    assert stack == plan.stack


@pytest.mark.parametrize(
    ("system", "stack"),
    [
        ("windows:11", "windows-10"),
        ("windows:server-2022", "windows-server-2019"),
        ("router:mipsel", "embedded"),
        ("rocky", "linux"),
    ],
)
def test_every_system_has_a_stack(system, stack):
    assert stack == stack_of(system)


def test_any_number_of_deckies_lease_their_addresses():
    plans = expanded(*(DeckySettings(name=name, services=("ssh",), address="dhcp") for name in ("a", "b")))

    assert ["dhcp", "dhcp"] == [plan.address for plan in plans]
