"""The systems a persona can run, each at several update levels."""

from decnet_actors.machine.releases.model import DAY, Board, Level, Release
from decnet_actors.machine.releases.systems import RELEASES, find, matching

__all__ = ["DAY", "RELEASES", "Board", "Level", "Release", "find", "matching"]
