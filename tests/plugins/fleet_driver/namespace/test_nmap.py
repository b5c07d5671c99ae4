"""The scanner everybody uses takes deckies for the systems whose stacks they have, and finds every one of them."""

import asyncio
import re
import shutil

import pytest

from decnet_actors.contracts.fleet_driver import Wanted

pytestmark = pytest.mark.client

# stack -> what nmap must think of first, and how sure it must be (per cent). Its last points depend on how random
# a handful of sequence numbers looked.
SEEN = {
    "linux": (r"Linux [45]\.", 95),
    "windows-10": (r"Microsoft Windows 10 1709 - 1909", 95),
    # No clock can be read from timestamps with an offset for each connection, which would tell it from its elders.
    "windows-server-2016": (r"Microsoft Windows .*(Server 2016|Server 2012|Windows 7)", 95),
    "windows-server-2019": (r"Microsoft Windows 10 1709 - 1909", 95),  # its kernel; only banners tell them apart
    "freebsd": (r"FreeBSD 1[123]", 90),
    "cisco-ios": (r"Cisco .*IOS", 90),
    "embedded": (r"GoPro .* camera|MQX RTOS", 90),  # which of them depends on chance as well
}
MANY = 500


@pytest.fixture(autouse=True)
def _nmap():
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed")


def guess(report: str) -> tuple[str, int]:
    """Return what nmap thinks first, and its certainty in per cent."""
    exact = re.search(r"^OS details: (.*)$", report, re.MULTILINE)
    if exact:
        return exact[1], 100
    first = re.search(r"^Aggressive OS guesses: (.*?) \((\d+)%\)", report, re.MULTILINE)
    return (first[1], int(first[2])) if first else ("", 0)


async def test_stacks_are_taken_for_what_they_pretend_to_be(station, drivers):
    driver = await drivers()
    stacks, kept = {}, []
    for index, stack in enumerate(SEEN):
        place = await driver.create(Wanted(decky=f"d-{index}", index=index, stack=stack))
        stacks[place.address] = stack
        for port in (22, 80):
            listeners, _ = await driver.listen(place, port)
            kept += listeners
    words = ["nmap", "--privileged", "-n", "-O", "--osscan-guess", "-p", "22,80,81", *stacks]
    said = await asyncio.to_thread(station.lab.run, *words)
    for listener in kept:
        listener.close()
    seen = {part.split()[0]: guess(part) for part in said.split("Nmap scan report for ")[1:]}

    for address, stack in stacks.items():
        (name, certainty), (expected, least) = seen[address], SEEN[stack]
        assert re.match(expected, name), (stack, seen[address])
        assert certainty >= least, (stack, seen[address])


async def test_a_sweep_finds_every_decky_with_a_vendor_it_knows(station, drivers):
    driver = await drivers()
    places = [await driver.create(Wanted(decky=f"d-{index}", index=index)) for index in range(MANY)]
    said = await asyncio.to_thread(station.lab.run, "nmap", "--privileged", "-n", "-sn", "10.66.0.0/22")
    found = set(re.findall(r"^Nmap scan report for (\S+)$", said, re.MULTILINE))

    assert {place.address for place in places} == found
    assert MANY == len(re.findall(r"^MAC Address: [0-9A-F:]{17} \((?!Unknown)", said, re.MULTILINE))
