"""The coherence of a machine: every surface a peer can see, compared with every other."""

from decnet_actors.machine.coherence.check import RULES, check, rules_of
from decnet_actors.machine.coherence.surfaces import Contradiction, Surfaces

__all__ = ["RULES", "Contradiction", "Surfaces", "check", "rules_of"]
