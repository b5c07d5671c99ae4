"""Tests of the driver with a real Docker Engine: an attacker at the cable's end reaches deckies in containers."""

import pytest

from decnet_actors.conformance.fleet_driver import check_fleet_driver
from plugins.fleet_driver.docker import PLUGIN

pytestmark = pytest.mark.server


async def test_keeps_the_promises_of_its_kind(config):
    await check_fleet_driver(PLUGIN, config=config)
