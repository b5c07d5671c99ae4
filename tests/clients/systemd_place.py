"""Makes a decky's place through the helper that systemd runs, as the daemon's user would; prints what came of it."""

import asyncio

from decnet_actors.contracts.fleet_driver import Wanted
from plugins.fleet_driver.namespace import PLUGIN


async def main() -> None:
    config = PLUGIN.config(parent="par0", networks=("10.99.0.0/24",), socket="/run/decnet/netd.sock", spawn=False)
    driver = PLUGIN.create(config, None)
    await driver.open()
    try:
        place = await driver.create(Wanted(decky="web-01", index=0, address="10.99.0.7"))
        (listener,), port = await driver.listen(place, 8080)
        with listener:
            print(place.address, port)
    finally:
        await driver.aclose()


asyncio.run(main())
