"""The predecessor's INI files: what they say comes over, what cannot is told, mistakes have their line."""

from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.fleet.document import numbered
from decnet_actors.fleet.ini import read
from decnet_actors.fleet.settings import DeckySettings
from supervisors.config import ConfigError
from tests.decnet_actors.fleet.fleets import INSTALLED, PORTS

FILE = """\
; our lab
[general]
net = 192.168.1.0/24
interface = eth0

[web]
services = http, ssh, smb
nmap_os = linux
mutate_interval = 30

[web.ssh]
port = 2022
banner = hello there   # with a comment
colour = red

[db]
ip: 192.168.1.20
archetype = database-server
services = redis
[db.redis]
password = 1234

[sensor]
archetype = iot-device
amount = 3

[pc]
archetype = windows-workstation

[custom-billing]
binary = billing:latest
"""


def imported(text):
    return read(text, "decnet.ini", INSTALLED)


def refused(text):
    with pytest.raises(ConfigError) as caught:
        imported(text)
    return [(problem.line, problem.text) for problem in caught.value.problems]


def test_what_a_file_says_comes_over():
    assert imported(FILE).fleet == (
        DeckySettings(
            name="web",
            services={"http": {}, "ssh": {"port": 2022, "banner": "hello there"}},
            stack="linux",
            mutate_interval=1800.0,
        ),
        DeckySettings(
            name="db", address="192.168.1.20", archetype="database-server", services={"redis": {"password": "1234"}}
        ),
        *(DeckySettings(name=f"sensor-0{number}", archetype="iot-device") for number in (1, 2, 3)),
    )


def test_what_cannot_come_over_is_told_with_its_line():
    assert imported(FILE).notes == (
        "decnet.ini:3: [general] net: the network belongs to the configuration, section [fleet]",
        "decnet.ini:4: [general] interface: the network belongs to the configuration, section [fleet]",
        "decnet.ini:7: [web]: there is no decoy for smb",
        "decnet.ini:14: [web.ssh] colour: our ssh has no such option",
        "decnet.ini:24: [sensor] archetype: there is no decoy for mqtt, snmp",
        "decnet.ini:27: [pc]: nothing is left that there is a decoy for; it is left out",
        "decnet.ini:28: [pc] archetype: there is no decoy for smb, rdp",
        "decnet.ini:30: [custom-billing]: a service of your own is a plugin here",
    )


def test_a_name_that_is_no_host_name_becomes_one():
    found = imported("[Old_Box.1]\nservices = ssh\n[7up]\nservices = ssh\n")

    assert [settings.name for settings in found.fleet] == ["old-box-1", "decky-7up"]
    assert found.notes == (
        "decnet.ini:1: [Old_Box.1]: is called old-box-1 here",
        "decnet.ini:3: [7up]: is called decky-7up here",
    )


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("net = 1\n", 1, "before the first section"),
        ("[a]\nservices\n", 2, "expected [section] or key = value"),
        ("[a]\nservices = ssh\n[a]\nservices = ssh\n", 3, "[a] is there already (line 1)"),
        ("[a]\nservices = ssh\nservices = http\n", 3, "[a] has services already"),
        ("[a]\nservices = ssh\namount = 101\n", 3, "[a] amount is a number from 1 to 100"),
        ("[a]\nservices = ssh\namount = many\n", 3, "[a] amount is a number from 1 to 100"),
        ("[a]\nservices = ssh\nip = 10.0.0.1\namount = 2\n", 4, "[a] amount and ip do not go together"),
        ("[a b]\nservices = ssh\n", 1, "letters, digits"),
        ("[a]\narchetype = web-sever\n", 2, "[a] archetype is one of"),
        ("[a]\nservices = ssh\nnmap_os = beos\n", 3, "[a] nmap_os is one of linux"),
        ("[a]\nservices = ssh\nmutate-interval = 0\n", 3, "[a] mutate_interval is a number of minutes"),
        ("[a]\nservices = ssh\nip = 10.0.0.256\n", 3, "is not an IP address"),
        ("[a]\nservices = ssh\n[a.ssh]\nport = x\n", 4, "expected a whole number"),
        ("[A]\nservices = ssh\n[a]\nservices = ssh\n", 3, "would be called a, as [A] is"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_section(text, line, said):
    found = refused(text)

    assert [line] == [number for number, _ in found]
    assert said in found[0][1]


def test_every_mistake_is_told_at_once():
    assert len(refused("[a]\nservices = ssh\namount = 0\nnmap_os = x\nbroken\n")) == 3


def test_options_of_a_service_nobody_names_are_told():
    assert imported("[a]\nservices = ssh\n[a.http]\nport = 81\n").notes == (
        "decnet.ini:3: [a.http]: a does not name that service",
    )


def test_options_reach_every_member_of_a_group():
    found = imported("[a]\nservices = ssh\namount = 2\n[a.ssh]\nport = 2022\n")

    assert [{"ssh": {"port": 2022}}] * 2 == [settings.services for settings in found.fleet]


@given(st.text(max_size=300))
def test_any_text_is_a_fleet_or_refused(text):
    with suppress(ConfigError):
        assert read(text, "decnet.ini", INSTALLED) == imported(text)


carried = st.builds(
    DeckySettings,
    name=st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True),
    services=st.dictionaries(
        st.sampled_from(sorted(PORTS)),
        st.fixed_dictionaries({}, optional={"noisy": st.booleans(), "banner": st.from_regex(r"\w+", fullmatch=True)}),
        min_size=1,
    ),
    archetype=st.sampled_from(("", "linux-server")),
    stack=st.sampled_from(("", "linux", "windows-10")),
    mutate_interval=st.integers(0, 1000).map(lambda minutes: minutes * 60.0),
)


def written(settings: DeckySettings) -> str:
    families = {"linux": "linux", "windows-10": "windows"}
    lines = [f"[{settings.name}]", f"services = {','.join(settings.services)}"]
    lines += [f"archetype = {settings.archetype}"] * bool(settings.archetype)
    lines += [f"nmap-os = {families[settings.stack]}"] if settings.stack else []
    lines += [f"mutate_interval = {settings.mutate_interval / 60:.0f}"] if settings.mutate_interval else []
    for name, options in dict(settings.services).items():  # type: ignore[arg-type]  # tables, as the strategy makes them
        lines += [f"[{settings.name}.{name}]", *(f"{key} = {value}" for key, value in options.items())]
    return "\n".join(lines)


@pytest.mark.slow
@given(st.lists(carried, max_size=4, unique_by=lambda settings: settings.name))
def test_what_the_format_can_say_comes_back(fleet):
    found = imported("\n".join(map(written, fleet)))

    assert numbered(fleet) == numbered(found.fleet)
    assert found.notes == ()


def test_a_section_of_many_is_the_same_as_many_sections():
    (one,) = imported("[a-01]\nservices = ssh\n").fleet

    assert (one, evolve(one, name="a-02")) == imported("[a]\namount = 2\nservices = ssh\n").fleet
