"""An archetype chooses which systems a decky may be, and nothing serves what its system does not have."""

import attrs
import pytest

from decnet_actors.fleet.archetypes import ARCHETYPES
from decnet_actors.fleet.plan import expand, out_of_place
from decnet_actors.fleet.settings import DeckySettings
from decnet_actors.machine.persona import generate, implausible, systems
from supervisors.config import ConfigError
from tests.decnet_actors.fleet.fleets import INSTALLED

REAL = attrs.evolve(INSTALLED, systems=systems(), implausible=implausible)
NOW = 1_795_275_767.0


def planned(**settings):
    [plan] = expand([DeckySettings(name="web-01", **settings)], REAL)
    return plan


@pytest.mark.parametrize("archetype", ARCHETYPES.values(), ids=ARCHETYPES)
def test_every_archetype_becomes_one_of_its_systems(archetype):
    chosen = {
        generate(seed, "web-01", "10.0.0.1", NOW, among=archetype.distributions).distribution for seed in range(20)
    }

    assert chosen <= {name.partition(":")[0] for name in archetype.distributions}


@pytest.mark.parametrize("archetype", ARCHETYPES.values(), ids=ARCHETYPES)
def test_some_system_of_an_archetype_has_each_of_its_services(archetype):
    refused = set.intersection(*(set(implausible(name)) for name in archetype.distributions))

    assert not refused & set(archetype.services)


def test_a_decky_without_a_word_about_it_is_a_general_server():
    names = {
        generate(seed, "x", "10.0.0.1", NOW, among=planned(services=("ssh",)).systems).family for seed in range(40)
    }

    assert names == {"linux"}
    assert not any(generate(seed, "x", "10.0.0.1", NOW).embedded for seed in range(40))


@pytest.mark.parametrize(
    ("settings", "service"),
    [
        ({"archetype": "windows-server", "services": ("ssh",)}, "ssh"),
        ({"distribution": "windows:11", "services": ("redis",)}, "redis"),
        ({"distribution": "camera", "services": ("redis", "telnet")}, "redis"),
        ({"distribution": "printer", "services": ("ssh",)}, "ssh"),
    ],
)
def test_a_service_its_system_cannot_have_is_refused_with_its_place(settings, service):
    with pytest.raises(ConfigError) as caught:
        planned(**settings)

    [problem] = caught.value.problems
    assert problem.key == f"decky.web-01.services.{service}"
    assert f"serves {service}" in problem.text


@pytest.mark.parametrize("distribution", ["router:mipsel", "dvr", "rocky:9", "alpine:3.19"])
def test_every_system_can_be_written_down(distribution):
    assert planned(distribution=distribution, services=("http",)).distribution == distribution


def test_a_release_of_windows_can_be_written_down():
    assert DeckySettings(name="w", distribution="windows:server-2019").distribution in systems()


def test_what_may_not_be_served_is_known_before_a_set_is_chosen():
    settings = DeckySettings(name="cam", archetype="ip-camera", services=("http",))

    assert {"redis", "ssh"} <= set(out_of_place(settings, REAL))
    assert not out_of_place(DeckySettings(name="any", services=("http",)), REAL)
