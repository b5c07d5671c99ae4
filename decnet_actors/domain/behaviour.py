"""This module names the ways in which attackers act."""

from enum import StrEnum


class Behaviour(StrEnum):
    """How an attacker acts in time."""

    UNKNOWN = "unknown"  # too little to tell
    SLOW_SCAN = "slow_scan"
    SCANNING = "scanning"
    BRUTE_FORCE = "brute_force"
    BEACONING = "beaconing"
    INTERACTIVE = "interactive"
    MIXED = "mixed"
