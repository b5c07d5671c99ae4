"""A fleet is read from a file with every mistake at its place, and written so that it reads the same."""

import pytest
from hypothesis import given

from decnet_actors.fleet.document import numbered
from decnet_actors.fleet.toml import read, write
from supervisors.config import ConfigError
from tests.decnet_actors.fleet.fleets import INSTALLED, fleets


@pytest.mark.slow
@given(fleets)
def test_what_is_written_reads_the_same(fleet):
    document = numbered(fleet)

    assert document == numbered(read(write(document), "fleet.toml", INSTALLED))


def test_an_empty_file_is_no_fleet():
    assert read("", "fleet.toml", INSTALLED) == ()
    assert write(numbered(())) == ""


BROKEN = """\
[[decky]]
name = "web-01"
services = ["ssh", "httq"]
distribution = "debiam"

[[decky]]
name = "b"
[decky.services.redis]
prot = 3
"""


def places(text: str) -> list[tuple[str, int, int]]:
    with pytest.raises(ConfigError) as caught:
        read(text, "office.toml", INSTALLED)
    return [(problem.file, problem.line, problem.column) for problem in caught.value.problems]


def test_every_mistake_is_told_at_its_place_in_order():
    assert [("office.toml", 3, 20), ("office.toml", 4, 16), ("office.toml", 9, 1)] == places(BROKEN)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[[decky]]\nname = "a"\nservices = ["ssh"]\n[[decky]]\nname = "a"\nservices = ["ssh"]\n', 5),
        ('[[decky]]\nname = "a"\nservices = { ssh = 22 }\n', 3),
        ('[[decky]]\nname = "a"\nservices = ["ssh"]\ncolour = "red"\n', 4),
        ("[[decky]\n", 1),
        ("version = 1\n", 1),
    ],
)
def test_a_file_that_cannot_be_a_fleet_is_refused(text, line):
    assert [line] == [place[1] for place in places(text)]
