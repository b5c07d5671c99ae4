"""This module lists the releases of Windows a persona can run: no shell, but all that its services say."""

from decnet_actors.machine.releases.model import Level, Release, level


def _windows(name: str, product: str, released: float, *levels: Level) -> Release:
    return Release(
        distribution="windows",
        release=name,
        codename=product,
        pretty=product,
        released=released,
        levels=levels,
        packages={},
        family="windows",
        userland="",
        libc="",
        package_manager="",
        init="",
    )


# The build's update number ("UBR") follows its date.
RELEASES: tuple[Release, ...] = (
    _windows(
        "10",
        "Windows 10 Pro",
        1666051200.0,
        level(1686700000.0, "22H2", "10.0.19045", "19045.3086"),
        level(1702500000.0, "22H2", "10.0.19045", "19045.3803"),
        level(1733800000.0, "22H2", "10.0.19045", "19045.5247"),
    ),
    _windows(
        "11",
        "Windows 11 Pro",
        1698710400.0,
        level(1705000000.0, "23H2", "10.0.22631", "22631.3007"),
        level(1733800000.0, "23H2", "10.0.22631", "22631.4602"),
    ),
    _windows(
        "server-2016",
        "Windows Server 2016 Standard",
        1476230400.0,
        level(1670900000.0, "1607", "10.0.14393", "14393.5582"),
        level(1718100000.0, "1607", "10.0.14393", "14393.7070"),
    ),
    _windows(
        "server-2019",
        "Windows Server 2019 Standard",
        1542067200.0,
        level(1686700000.0, "1809", "10.0.17763", "17763.4499"),
        level(1733800000.0, "1809", "10.0.17763", "17763.6659"),
    ),
    _windows(
        "server-2022",
        "Windows Server 2022 Standard",
        1629244800.0,
        level(1689000000.0, "21H2", "10.0.20348", "20348.1850"),
        level(1733800000.0, "21H2", "10.0.20348", "20348.2966"),
    ),
)
