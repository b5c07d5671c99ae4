"""This module answers decky.check: it looks at running deckies through the ports that peers use."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence

from decnet_actors.app.greetings import greeting
from decnet_actors.app.selftest import Target
from decnet_actors.contracts.arguments import did_you_mean
from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.fleet_driver import Place
from decnet_actors.contracts.machine import Machine
from decnet_actors.contracts.operations import Caller, Page
from decnet_actors.domain.text import escaped
from decnet_actors.fleet.check_operations import CoherenceRow, DeckyCheckArgs
from decnet_actors.machine.coherence import RULES, Surfaces, rules_of

SHOWN = 200  # characters of what a surface says


class CoherenceCheck:
    """Checks deckies.

    Args:
        machines: of the fleet, by decky.
        targets: what listens now.
        probe: connects to a port of a place.
        now: Unix seconds.

    """

    def __init__(
        self,
        *,
        machines: Callable[[], Mapping[str, Machine]],
        targets: Callable[[], Awaitable[Sequence[Target]]],
        probe: Callable[[Place, int], Awaitable[socket.socket]],
        now: Callable[[], float],
    ) -> None:
        self._machines = machines
        self._targets = targets
        self._probe = probe
        self._now = now

    async def check(self, args: DeckyCheckArgs, caller: Caller) -> Page[CoherenceRow]:
        """Answer decky.check."""
        del caller
        machines, targets = self._machines(), await self._targets()
        for name in args.deckies:
            if name not in machines:
                near = did_you_mean(name, machines)
                raise OperatorError(CATALOGUE["DN2001"], f'no decky is called "{escaped(name, 64)}"{near}')
            if not machines[name].simulated:
                raise OperatorError(CATALOGUE["DN4010"], f"{name} is a real machine: nothing is made up on it")
        rows: list[CoherenceRow] = []
        made_up = [name for name, machine in machines.items() if machine.simulated]
        for name in dict.fromkeys(args.deckies or made_up):
            heard = await self._greetings([one for one in targets if one.place.decky == name])
            rows += await self._decky(name, Surfaces(machines[name], self._now(), heard))
        return Page(items=rows)

    async def _decky(self, name: str, surfaces: Surfaces) -> list[CoherenceRow]:
        rows: list[CoherenceRow] = []
        for rule in rules_of(surfaces):
            found = [
                CoherenceRow(
                    decky=name,
                    check=rule,
                    ok=False,
                    here=one.here,
                    says=escaped(one.says, SHOWN),
                    there=one.there,
                    but=escaped(one.but, SHOWN),
                )
                for one in RULES[rule](surfaces)
            ]
            rows += found or [CoherenceRow(decky=name, check=rule, ok=True)]
            await asyncio.sleep(0)  # a rule is a slice of work: peers are served between two
        return rows

    async def _greetings(self, targets: Sequence[Target]) -> Mapping[str, bytes]:
        """Return what the services of one decky say, all heard at the same time."""
        async with asyncio.TaskGroup() as group:
            heard = {one.service: group.create_task(self._hear(one)) for one in targets}
        return {service: task.result() for service, task in heard.items()}

    async def _hear(self, target: Target) -> bytes:
        try:
            client = await self._probe(target.place, target.port)
        except OSError:
            return b""  # it is down, which decky show tells
        with client:
            return await asyncio.to_thread(greeting, client, target.service)
