"""The machine behind a decoy: persona, filesystem, shell."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.persona import generate, with_people

if TYPE_CHECKING:
    from decnet_actors.contracts.decky_files import Isolation, StoredFiles, Told
    from decnet_actors.machine.machine import DeckyMachine
    from decnet_actors.machine.quota import Caps
    from decnet_actors.machine.shell.state import Limits

__all__ = ["generate", "make_machine", "with_people"]


def make_machine(
    persona: Persona,
    rng: random.Random,
    *,
    caps: "Caps | None" = None,
    limits: "Limits | None" = None,
    now: Callable[[], float] | None = None,
    work: Callable[[], float] | None = None,
    isolation: "Isolation | None" = None,
    stored: "StoredFiles | None" = None,
    told: "Told | None" = None,
) -> "DeckyMachine":
    """Return the machine of a persona; imports the shell the first time it is called."""
    from decnet_actors.machine.machine import DeckyMachine

    return DeckyMachine(
        persona,
        rng,
        caps=caps,
        limits=limits,
        now=now,
        work=work,
        isolation=isolation,
        stored=stored,
        told=told,
    )
