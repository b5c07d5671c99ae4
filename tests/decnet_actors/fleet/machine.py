"""This module is the reconciler's state machine, over any network that can be told to misbehave."""

import asyncio
from collections.abc import Collection, Mapping
from typing import ClassVar, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from decnet_actors.contracts.fleet_driver import DHCP, FleetDriver, PlaceState
from decnet_actors.fleet.reconciler import AskLooked, Look, Looked, Reconciler
from supervisors.testing import ManualClock, launch, settle
from tests.decnet_actors.fleet.world import MemoryHands

NAMES = ("a", "b", "c", "d")
DECKIES = st.sampled_from(NAMES)


class Network(Protocol):
    """A driver, and what happens to its places behind its back."""

    leases: ClassVar[bool]  # whether addresses can be leased there

    @property
    def driver(self) -> FleetDriver: ...

    async def open(self) -> None: ...

    async def aclose(self) -> None: ...

    def there(self) -> Collection[str]:
        """Return the deckies that have places, as far as whoever hosts them knows."""

    def mark(self) -> object:
        """Return something that is equal as long as no place is made or removed."""

    def answering(self) -> Mapping[str, str]:
        """Return the addresses deckies really have, whatever the driver says of them."""

    async def drift(self, decky: str) -> None:
        """Let a place, if it is there, have another address than it was given."""

    async def break_(self, decky: str) -> None:
        """Let a place, if it is there, not work any more."""

    async def lose(self, decky: str) -> None:
        """Let a place be gone."""

    async def crowd(self, decky: str) -> None:
        """Let there be no room for a decky that is made from now on."""

    async def part(self) -> None:
        """Let the driver reach nobody."""

    async def lease(self, decky: str, address: str) -> None:
        """Let a decky that leases have another address, or none if it is empty."""

    async def heal(self) -> None:
        """Let nothing stand in the way of new places, and the driver reach everybody."""


class ReconcilerMachine(RuleBasedStateMachine):
    """Operators want, the network misbehaves, the actor dies; a look after it heals leaves what is wanted."""

    network_class: type[Network]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.network = self.network_class()
        self.reachable = True
        self.told: list[tuple[str, object]] = []
        self.runner.run(self.network.open())
        self.hands = MemoryHands(self.network.driver, self.network.there)
        self.runner.run(self.begin())

    async def begin(self) -> None:
        self.actor = Reconciler(self.network.driver, self.hands, lambda decky, fact: self.told.append((decky, fact)))
        launch(self.actor, "fleet/reconciler", clock=ManualClock())
        await self.actor.started

    async def _look(self) -> Looked:
        await self.actor.ref.ask(Look(), within=5.0)
        await settle()
        while self.actor._looking:  # as long as the network takes
            await asyncio.sleep(0)
        looked: Looked = await self.actor.ref.ask(AskLooked(), within=5.0)
        return looked

    def _leased(self, decky: str) -> bool:
        return decky in self.hands.wanted and self.hands.wanted[decky][0].address == DHCP

    @rule(decky=DECKIES, running=st.booleans(), card=st.sampled_from(["", "52:54:00:00:00", "52:54:00:00:01"]))
    def want(self, decky: str, running: bool, card: str) -> None:
        number = NAMES.index(decky)
        if not self._leased(decky):  # an operator who changes that has the place made anew
            self.hands.want(decky, number, running=running, mac=card and f"{card}:{number:02x}")

    @precondition(lambda self: self.network.leases)
    @rule(decky=DECKIES)
    def want_a_lease(self, decky: str) -> None:
        if decky not in self.network.there():
            self.hands.want(decky, NAMES.index(decky), address=DHCP)

    @precondition(lambda self: self.network.leases)
    @rule(decky=DECKIES, address=st.sampled_from(["", "198.51.100.77", "198.51.100.78"]))
    def lease(self, decky: str, address: str) -> None:
        if self._leased(decky):
            self.runner.run(self.network.lease(decky, address))

    @rule(decky=DECKIES)
    def forget(self, decky: str) -> None:
        if not self._leased(decky):
            self.hands.wanted.pop(decky, None)

    @rule(decky=DECKIES)
    def drift(self, decky: str) -> None:
        if not self._leased(decky):
            self.runner.run(self.network.drift(decky))

    @rule(decky=DECKIES)
    def break_place(self, decky: str) -> None:
        self.runner.run(self.network.break_(decky))

    @rule(decky=DECKIES)
    def lose_place(self, decky: str) -> None:
        self.runner.run(self.network.lose(decky))

    @rule(decky=DECKIES)
    def crash_services(self, decky: str) -> None:
        self.hands.serving.discard(decky)

    @rule(decky=DECKIES)
    def no_room(self, decky: str) -> None:
        self.runner.run(self.network.crowd(decky))

    @rule()
    def part(self) -> None:
        self.reachable = False
        self.runner.run(self.network.part())

    @rule()
    def look(self) -> None:
        before = self.network.mark()
        looked = self.runner.run(self._look())
        if not self.reachable:
            assert looked.unreachable
            assert self.network.mark() == before

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
        self.reachable = True
        self.runner.run(self.network.heal())
        self.runner.run(self._look())
        wanted = {decky for decky, (_, running) in self.hands.wanted.items() if running}
        places = self.runner.run(self.network.driver.observe())
        assert set(places) == wanted
        expected = self.hands.expected()
        for decky, seen in places.items():
            assert seen.state is PlaceState.UP
            assert seen.place.address == expected[decky].place.address
            assert expected[decky].place.mac in {"", seen.place.mac}
        assert self.network.answering() == {decky: seen.place.address for decky, seen in places.items()}
        self.told.clear()
        self.hands.restarted.clear()
        before = self.network.mark()
        assert self.runner.run(self._look()).moved == ()
        assert (self.told, self.hands.restarted, self.network.mark()) == ([], [], before)

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
            await self.network.aclose()

        self.runner.run(end())
        self.runner.close()
