"""The index is kept up to date by an actor with a process of its own; a failure costs nothing that was known."""

import asyncio

import pytest

from decnet_actors.enrich.geo.atlas import Atlas
from decnet_actors.enrich.geo.cartographer import Cartographer, LookAtAge, RefreshIndex, open_atlas
from decnet_actors.enrich.geo.download import kept
from decnet_actors.enrich.geo.settings import GeoipSettings, Refresh
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.system import System
from supervisors.testing import ManualClock, settle

pytestmark = pytest.mark.slow
STATISTICS = b"arin|{}|ipv4|20.0.0.0|65536|20100101|allocated|x\n"
WITHIN = 30.0
DAY = 86_400.0


def statistics(country):
    return STATISTICS.replace(b"{}", country.encode())


async def off(work):
    return await asyncio.to_thread(work)


class Watched(Atlas):
    """An atlas that tells when it is given an index."""

    def __init__(self):
        super().__init__()
        self._given = asyncio.Event()

    def use(self, index):
        super().use(index)
        self._given.set()

    async def used(self):
        async with asyncio.timeout(WITHIN):
            await self._given.wait()
        self._given.clear()


class House:
    """A tree with a cartographer in it."""

    def __init__(self, folder, sources, trust=None, refresh=Refresh.OFF):
        self.atlas, self.clock = Watched(), ManualClock()
        settings = GeoipSettings(sources=tuple(sources), refresh=refresh, max_size=1000, timeout=5.0)
        self.system = System(
            SupervisorSpec(
                "decnetd",
                (
                    ChildSpec(
                        "cartographer", lambda: Cartographer(self.atlas, folder, settings, offload=off, trust=trust)
                    ),
                ),
            ),
            clock=self.clock,
            seed=1,
        )

    async def __aenter__(self):
        await self.system.start()
        return self

    async def __aexit__(self, *_):
        await self.system.stop()

    @property
    def actor(self):
        return self.system.directory.address("decnetd/cartographer")

    async def refresh(self):
        return await self.actor.ask(RefreshIndex(), within=WITHIN)

    def country(self):
        place = self.atlas.place("20.0.0.1")
        return place and place.country


async def test_sources_are_read_and_fetched_and_the_index_is_there_after_a_restart(site, tmp_path):
    (tmp_path / "mine").write_bytes(b"arin|SE|ipv4|21.0.0.0|256|20100101|allocated|x\n")
    site.files["data"] = (statistics("US"), '"1"')
    async with House(tmp_path / "geo", [str(tmp_path / "mine"), site.url("data")], site.trust) as house:
        assert [] == site.asked  # nothing is fetched that nobody asked for
        assert "" == await house.refresh()
        assert "US" == house.country()
        site.files["data"] = (statistics("CA"), '"2"')
        assert ["", ""] == [*await asyncio.gather(house.refresh(), house.refresh())]
        assert "CA" == house.country()
        assert 2 == len(site.asked)
    atlas = Atlas()
    open_atlas(atlas, tmp_path / "geo")
    place = atlas.place("21.0.0.9")
    assert place is not None
    assert "SE" == place.country
    assert 0o700 == (tmp_path / "geo" / "sources").stat().st_mode & 0o777


@pytest.mark.parametrize("answer", [None, b"<html>sorry</html>", b"x" * 1001])
async def test_a_source_that_fails_keeps_what_came_from_it_before(site, tmp_path, answer):
    site.files["data"] = (statistics("US"), '"1"')
    async with House(tmp_path, [site.url("data")], site.trust) as house:
        await house.refresh()
        if answer is None:
            del site.files["data"]
        else:
            site.files["data"] = (answer, '"2"')
        assert "" == await house.refresh()
        assert house.atlas.index is not None
        source = house.atlas.index.head.sources[0]
        assert ("US", 1) == (house.country(), source.rows)
        assert source.problem
        assert [kept(tmp_path / "sources", site.url("data")).file] == list((tmp_path / "sources").glob("*.data"))
        assert [] == list((tmp_path / "sources").glob("*.fresh"))


async def test_without_any_source_that_can_be_read_the_old_index_answers_on(tmp_path):
    path = tmp_path / "mine"
    path.write_bytes(statistics("US"))
    async with House(tmp_path / "geo", [str(path)]) as house:
        await house.refresh()
        path.unlink()
        assert f"{path}: No such file or directory" == await house.refresh()
        assert "US" == house.country()
        assert house.atlas.problem


async def test_an_index_is_made_anew_when_it_is_old_enough(tmp_path):
    path = tmp_path / "mine"
    path.write_bytes(statistics("US"))
    async with House(tmp_path / "geo", [str(path)], refresh=Refresh.DAILY) as house:
        await house.atlas.used()  # there was none
        assert "US" == house.country()
        path.write_bytes(statistics("CA"))
        house.clock.advance(DAY - 1)
        house.actor.tell(LookAtAge())
        await settle()
        assert not house.atlas.refreshing
        house.clock.advance(1)
        house.actor.tell(LookAtAge())
        await house.atlas.used()
        assert "CA" == house.country()
