from decnet_actors.contracts.fleet import Bait
from decnet_actors.contracts.reuse import Planted
from decnet_actors.fleet.baits import LaidOut
from decnet_actors.fleet.settings import DeckySettings
from tests.decnet_actors.fleet.undertakings import Company


def decky(name: str, *baits: Bait) -> DeckySettings:
    return DeckySettings(name=name, services=("ssh",), bait=baits)


WORD = Bait(user="deploy", secret="gT4-heron-91")
GLOB = Bait(user="deploy", secret="heron-*")


async def test_baits_are_those_of_every_revision_each_since_its_first() -> None:
    company = Company()
    laid = LaidOut(company.desired)
    assert () == await laid.planted()
    await company.desired.take([decky("web-01", WORD, GLOB), decky("db-01")])
    first = company.clock.now()
    assert [Planted(decky="web-01", user="deploy", secret=b"gT4-heron-91", since=first)] == list(await laid.planted())
    company.clock.advance(60.0)
    await company.desired.take([decky("web-01"), decky("db-01", WORD)])
    await company.desired.take([decky("db-01")])
    expected = {("web-01", first), ("db-01", first + 60.0)}

    assert expected == {(one.decky, one.since) for one in await laid.planted()}
    assert expected == {(one.decky, one.since) for one in await LaidOut(company.desired).planted()}
