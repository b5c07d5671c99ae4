"""The reconciler over a driver that fails, lies and drifts."""

import asyncio

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from decnet_actors.contracts.fleet_driver import DHCP, PlaceState
from decnet_actors.fleet.reconciler import AskLooked, Look, Looked, Reconciler
from supervisors.testing import ManualClock, launch, settle
from tests.decnet_actors.fleet.world import MemoryDriver, MemoryHands

NAMES = ("a", "b", "c", "d")
DECKIES = st.sampled_from(NAMES)


class ReconcilerMachine(RuleBasedStateMachine):
    """Operators want, the network misbehaves, the actor dies; a look after it heals leaves what is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.driver = MemoryDriver()
        self.hands = MemoryHands(self.driver)
        self.told: list[tuple[str, object]] = []
        self.runner.run(self.begin())

    async def begin(self) -> None:
        self.actor = Reconciler(self.driver, self.hands, lambda decky, fact: self.told.append((decky, fact)))
        launch(self.actor, "fleet/reconciler", clock=ManualClock())
        await self.actor.started

    async def _look(self) -> Looked:
        await self.actor.ref.ask(Look(), within=5.0)
        await settle()
        looked: Looked = await self.actor.ref.ask(AskLooked(), within=5.0)
        return looked

    @rule(decky=DECKIES, running=st.booleans(), mac=st.sampled_from(["", "52:54:00:00:00:01", "52:54:00:00:00:02"]))
    def want(self, decky: str, running: bool, mac: str) -> None:
        place = self.driver.places.get(decky)
        if place is None or not place.place.leased:
            self.hands.want(decky, NAMES.index(decky), running=running, mac=mac)

    @rule(decky=DECKIES)
    def want_a_lease(self, decky: str) -> None:
        place = self.driver.places.get(decky)
        if place is None or place.place.leased:  # changed otherwise by an operator, it is made anew by them
            self.hands.want(decky, NAMES.index(decky), address=DHCP)

    @rule(decky=DECKIES, address=st.sampled_from(["", "198.51.100.77", "198.51.100.78"]))
    def lease(self, decky: str, address: str) -> None:
        if decky in self.driver.places and self.driver.places[decky].place.leased:
            self.driver.lease(decky, address)

    @rule(decky=DECKIES)
    def forget(self, decky: str) -> None:
        self.hands.wanted.pop(decky, None)

    @rule(decky=DECKIES, address=st.sampled_from(["192.0.2.1", "192.0.2.77"]))
    def drift(self, decky: str, address: str) -> None:
        if decky in self.driver.places and not self.driver.places[decky].place.leased:
            self.driver.drift(decky, address=address)

    @rule(decky=DECKIES)
    def break_place(self, decky: str) -> None:
        if decky in self.driver.places:
            self.driver.break_(decky)

    @rule(decky=DECKIES)
    def lose_place(self, decky: str) -> None:
        self.driver.places.pop(decky, None)

    @rule(decky=DECKIES)
    def crash_services(self, decky: str) -> None:
        self.hands.serving.discard(decky)

    @rule(decky=DECKIES)
    def no_room(self, decky: str) -> None:
        self.driver.failing.add(decky)

    @rule(reachable=st.booleans())
    def reach(self, reachable: bool) -> None:
        self.driver.reachable = reachable

    @rule()
    def look(self) -> None:
        before = dict(self.driver.places)
        looked = self.runner.run(self._look())
        if not self.driver.reachable:
            assert looked.unreachable
            assert self.driver.places == before

    @rule(steps=st.integers(0, 10))
    def kill(self, steps: int) -> None:
        async def kill() -> None:
            self.actor.ref.tell(Look())
            await settle(steps)
            self.actor.kill()
            await settle()
            await self.begin()

        self.runner.run(kill())

    @rule()
    def heal(self) -> None:
        self.driver.reachable = True
        self.driver.failing.clear()
        for decky, seen in self.driver.places.items():
            if seen.state is PlaceState.WAITING:
                self.driver.lease(decky, "198.51.100.79")
        self.runner.run(self._look())
        wanted = {decky for decky, (_, running) in self.hands.wanted.items() if running}
        assert set(self.driver.places) == wanted
        expected = self.hands.expected()
        for decky, seen in self.driver.places.items():
            assert seen.state is PlaceState.UP
            assert seen.place.address == expected[decky].place.address
            assert expected[decky].place.mac in {"", seen.place.mac}
        self.told.clear()
        self.driver.made.clear()
        self.hands.restarted.clear()
        assert self.runner.run(self._look()).moved == ()
        assert (self.told, self.driver.made, self.hands.restarted) == ([], [], [])

    @invariant()
    def nobody_is_told_the_same_state_twice(self) -> None:
        last: dict[str, object] = {}
        for decky, fact in self.told:
            assert fact != last.get(decky)
            last[decky] = fact

    def teardown(self) -> None:
        async def end() -> None:
            self.actor.kill()
            await settle()

        self.runner.run(end())
        self.runner.close()


TestReconciler = ReconcilerMachine.TestCase
