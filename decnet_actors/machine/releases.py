"""This module lists the distributions a persona can run, each at several update levels.

Facts from the distributions' public changelogs: a level is what a machine that was last updated around
``date`` reports. Services read versions from ``packages``; kernels and packages of one level belong together.
"""

from collections.abc import Mapping

from attrs import field, frozen

DAY = 86400.0


@frozen(kw_only=True)
class Level:
    """What a machine of a release runs that was updated around ``date`` (Unix seconds)."""

    date: float
    point: str  # 12.5, 22.04.3
    kernel: str
    build: str  # uname -v
    ssh: str  # full version of openssh-server


@frozen(kw_only=True)
class Release:
    """One release of a distribution."""

    distribution: str
    release: str
    codename: str
    pretty: str  # with {point}
    released: float
    levels: tuple[Level, ...]  # oldest first
    packages: Mapping[str, str]
    php: str  # minor version, "" when the release has none
    python: str
    weight: int = field(default=1)  # how often it is met


def _level(date: float, point: str, kernel: str, build: str, ssh: str) -> Level:
    return Level(date=date, point=point, kernel=kernel, build=build, ssh=ssh)


RELEASES: tuple[Release, ...] = (
    Release(
        distribution="debian",
        release="11",
        codename="bullseye",
        pretty="Debian GNU/Linux 11 (bullseye)",
        released=1628899200.0,
        levels=(
            _level(
                1684000000.0,
                "11.7",
                "5.10.0-23-amd64",
                "#1 SMP Debian 5.10.179-1 (2023-05-12)",
                "1:8.4p1-5+deb11u1",
            ),
            _level(
                1697000000.0,
                "11.8",
                "5.10.0-26-amd64",
                "#1 SMP Debian 5.10.197-1 (2023-09-29)",
                "1:8.4p1-5+deb11u2",
            ),
            _level(
                1707500000.0,
                "11.9",
                "5.10.0-28-amd64",
                "#1 SMP Debian 5.10.209-2 (2024-01-31)",
                "1:8.4p1-5+deb11u3",
            ),
            _level(
                1724000000.0,
                "11.10",
                "5.10.0-32-amd64",
                "#1 SMP Debian 5.10.223-1 (2024-08-10)",
                "1:8.4p1-5+deb11u3",
            ),
        ),
        packages={
            "bash": "5.1-2+deb11u1",
            "coreutils": "8.32-4+b1",
            "libc6": "2.31-13+deb11u8",
            "openssl": "1.1.1w-0+deb11u1",
            "systemd": "247.3-7+deb11u4",
            "sudo": "1.9.5p2-3+deb11u1",
            "wget": "1.21-1+deb11u1",
            "curl": "7.74.0-1.3+deb11u11",
            "nginx": "1.18.0-6.1+deb11u3",
            "apache2": "2.4.56-1~deb11u2",
            "redis": "5:6.0.16-1+deb11u2",
            "telnetd": "0.17-42",
            "mariadb": "1:10.5.23-0+deb11u1",
            "postgresql": "13.14-0+deb11u1",
            "vsftpd": "3.0.3-12+b1",
            "postfix": "3.5.24-0+deb11u1",
            "php": "7.4.33-1+deb11u5",
            "python3": "3.9.2-3",
            "perl": "5.32.1-4+deb11u3",
            "busybox": "1:1.30.1-6+b3",
            "git": "1:2.30.2-1+deb11u2",
        },
        php="7.4",
        python="3.9",
        weight=2,
    ),
    Release(
        distribution="debian",
        release="12",
        codename="bookworm",
        pretty="Debian GNU/Linux 12 (bookworm)",
        released=1686355200.0,
        levels=(
            _level(
                1688000000.0,
                "12.0",
                "6.1.0-9-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)",
                "1:9.2p1-2",
            ),
            _level(
                1697000000.0,
                "12.2",
                "6.1.0-13-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29)",
                "1:9.2p1-2+deb12u1",
            ),
            _level(
                1707800000.0,
                "12.5",
                "6.1.0-18-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)",
                "1:9.2p1-2+deb12u2",
            ),
            _level(
                1720000000.0,
                "12.6",
                "6.1.0-22-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.94-1 (2024-06-21)",
                "1:9.2p1-2+deb12u3",
            ),
            _level(
                1733000000.0,
                "12.8",
                "6.1.0-28-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)",
                "1:9.2p1-2+deb12u3",
            ),
            _level(
                1740500000.0,
                "12.9",
                "6.1.0-31-amd64",
                "#1 SMP PREEMPT_DYNAMIC Debian 6.1.128-1 (2025-02-07)",
                "1:9.2p1-2+deb12u5",
            ),
        ),
        packages={
            "bash": "5.2.15-2+b2",
            "coreutils": "9.1-1",
            "libc6": "2.36-9+deb12u4",
            "openssl": "3.0.11-1~deb12u2",
            "systemd": "252.22-1~deb12u1",
            "sudo": "1.9.13p3-1+deb12u1",
            "wget": "1.21.3-1+b2",
            "curl": "7.88.1-10+deb12u5",
            "nginx": "1.22.1-9",
            "apache2": "2.4.57-2",
            "redis": "5:7.0.15-1~deb12u1",
            "telnetd": "0.17+2.4-2+deb12u1",
            "mariadb": "1:10.11.6-0+deb12u1",
            "postgresql": "15.6-0+deb12u1",
            "vsftpd": "3.0.3-13+b2",
            "proftpd-core": "1.3.8+dfsg-4+deb12u5",
            "pure-ftpd": "1.0.50-2.1+b2",
            "postfix": "3.7.10-0+deb12u1",
            "php": "8.2.18-1~deb12u1",
            "python3": "3.11.2-1+b1",
            "perl": "5.36.0-7+deb12u1",
            "busybox": "1:1.35.0-4+b3",
            "git": "1:2.39.2-1.1",
        },
        php="8.2",
        python="3.11",
        weight=4,
    ),
    Release(
        distribution="ubuntu",
        release="20.04",
        codename="focal",
        pretty="Ubuntu {point} LTS",
        released=1587600000.0,
        levels=(
            _level(
                1684500000.0,
                "20.04.6",
                "5.4.0-150-generic",
                "#167-Ubuntu SMP Mon May 15 17:35:05 UTC 2023",
                "1:8.2p1-4ubuntu0.7",
            ),
            _level(
                1701500000.0,
                "20.04.6",
                "5.4.0-169-generic",
                "#187-Ubuntu SMP Thu Nov 23 14:52:28 UTC 2023",
                "1:8.2p1-4ubuntu0.9",
            ),
            _level(
                1708000000.0,
                "20.04.6",
                "5.4.0-172-generic",
                "#190-Ubuntu SMP Fri Feb 2 23:24:22 UTC 2024",
                "1:8.2p1-4ubuntu0.11",
            ),
            _level(
                1723500000.0,
                "20.04.6",
                "5.4.0-193-generic",
                "#213-Ubuntu SMP Fri Aug 2 19:14:16 UTC 2024",
                "1:8.2p1-4ubuntu0.11",
            ),
        ),
        packages={
            "bash": "5.0-6ubuntu1.2",
            "coreutils": "8.30-3ubuntu2",
            "libc6": "2.31-0ubuntu9.14",
            "openssl": "1.1.1f-1ubuntu2.21",
            "systemd": "245.4-4ubuntu3.23",
            "sudo": "1.8.31-1ubuntu1.5",
            "wget": "1.20.3-1ubuntu2",
            "curl": "7.68.0-1ubuntu2.21",
            "nginx": "1.18.0-0ubuntu1.4",
            "apache2": "2.4.41-4ubuntu3.15",
            "redis": "5:5.0.7-2ubuntu0.1",
            "telnetd": "0.17-41.2build1",
            "mariadb": "1:10.3.39-0ubuntu0.20.04.2",
            "postgresql": "12.17-0ubuntu0.20.04.1",
            "vsftpd": "3.0.3-12",
            "postfix": "3.4.13-0ubuntu1.3",
            "php": "7.4.3-4ubuntu2.19",
            "python3": "3.8.2-0ubuntu2",
            "perl": "5.30.0-9ubuntu0.5",
            "busybox": "1:1.30.1-4ubuntu6.4",
            "git": "1:2.25.1-1ubuntu3.11",
        },
        php="7.4",
        python="3.8",
        weight=2,
    ),
    Release(
        distribution="ubuntu",
        release="22.04",
        codename="jammy",
        pretty="Ubuntu {point} LTS",
        released=1650499200.0,
        levels=(
            _level(
                1663000000.0,
                "22.04.1",
                "5.15.0-47-generic",
                "#51-Ubuntu SMP Thu Aug 11 07:51:15 UTC 2022",
                "1:8.9p1-3",
            ),
            _level(
                1687500000.0,
                "22.04.2",
                "5.15.0-76-generic",
                "#83-Ubuntu SMP Thu Jun 15 19:16:32 UTC 2023",
                "1:8.9p1-3ubuntu0.1",
            ),
            _level(
                1701000000.0,
                "22.04.3",
                "5.15.0-91-generic",
                "#101-Ubuntu SMP Tue Nov 14 13:30:08 UTC 2023",
                "1:8.9p1-3ubuntu0.4",
            ),
            _level(
                1710500000.0,
                "22.04.4",
                "5.15.0-101-generic",
                "#111-Ubuntu SMP Tue Mar 5 20:16:58 UTC 2024",
                "1:8.9p1-3ubuntu0.6",
            ),
            _level(
                1723500000.0,
                "22.04.4",
                "5.15.0-119-generic",
                "#129-Ubuntu SMP Fri Aug 2 19:25:20 UTC 2024",
                "1:8.9p1-3ubuntu0.10",
            ),
            _level(
                1735500000.0,
                "22.04.5",
                "5.15.0-130-generic",
                "#140-Ubuntu SMP Wed Dec 18 17:59:53 UTC 2024",
                "1:8.9p1-3ubuntu0.10",
            ),
        ),
        packages={
            "bash": "5.1-6ubuntu1.1",
            "coreutils": "8.32-4.1ubuntu1.2",
            "libc6": "2.35-0ubuntu3.6",
            "openssl": "3.0.2-0ubuntu1.15",
            "systemd": "249.11-0ubuntu3.12",
            "sudo": "1.9.9-1ubuntu2.4",
            "wget": "1.21.2-2ubuntu1",
            "curl": "7.81.0-1ubuntu1.16",
            "nginx": "1.18.0-6ubuntu14.4",
            "apache2": "2.4.52-1ubuntu4.9",
            "redis": "5:6.0.16-1ubuntu1",
            "telnetd": "0.17-44build1",
            "mariadb": "1:10.6.16-0ubuntu0.22.04.1",
            "postgresql": "14.11-0ubuntu0.22.04.1",
            "vsftpd": "3.0.5-0ubuntu1",
            "postfix": "3.6.4-1ubuntu1.3",
            "php": "8.1.2-1ubuntu2.17",
            "python3": "3.10.6-1~22.04",
            "perl": "5.34.0-3ubuntu1.3",
            "busybox": "1:1.30.1-7ubuntu3",
            "git": "1:2.34.1-1ubuntu1.10",
        },
        php="8.1",
        python="3.10",
        weight=4,
    ),
    Release(
        distribution="ubuntu",
        release="24.04",
        codename="noble",
        pretty="Ubuntu {point} LTS",
        released=1714003200.0,
        levels=(
            _level(
                1715000000.0,
                "24.04",
                "6.8.0-31-generic",
                "#31-Ubuntu SMP PREEMPT_DYNAMIC Sat Apr 20 00:40:06 UTC 2024",
                "1:9.6p1-3ubuntu13",
            ),
            _level(
                1724500000.0,
                "24.04",
                "6.8.0-41-generic",
                "#41-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug  2 20:41:06 UTC 2024",
                "1:9.6p1-3ubuntu13.5",
            ),
            _level(
                1734500000.0,
                "24.04.1",
                "6.8.0-51-generic",
                "#51-Ubuntu SMP PREEMPT_DYNAMIC Thu Dec  5 13:09:44 UTC 2024",
                "1:9.6p1-3ubuntu13.5",
            ),
            _level(
                1746500000.0,
                "24.04.2",
                "6.8.0-60-generic",
                "#63-Ubuntu SMP PREEMPT_DYNAMIC Tue Apr 15 19:04:15 UTC 2025",
                "1:9.6p1-3ubuntu13.11",
            ),
        ),
        packages={
            "bash": "5.2.21-2ubuntu4",
            "coreutils": "9.4-3ubuntu6",
            "libc6": "2.39-0ubuntu8.3",
            "openssl": "3.0.13-0ubuntu3.4",
            "systemd": "255.4-1ubuntu8.4",
            "sudo": "1.9.15p5-3ubuntu5",
            "wget": "1.21.4-1ubuntu4.1",
            "curl": "8.5.0-2ubuntu10.6",
            "nginx": "1.24.0-2ubuntu7.1",
            "apache2": "2.4.58-1ubuntu8.5",
            "redis": "5:7.0.15-1ubuntu0.24.04.1",
            "telnetd": "0.17+2.5-3ubuntu4",
            "mariadb": "1:10.11.8-0ubuntu0.24.04.1",
            "postgresql": "16.6-0ubuntu0.24.04.1",
            "vsftpd": "3.0.5-0ubuntu3",
            "postfix": "3.8.6-1build2",
            "php": "8.3.6-0ubuntu0.24.04.3",
            "python3": "3.12.3-0ubuntu2",
            "perl": "5.38.2-3.2build2",
            "busybox": "1:1.36.1-6ubuntu3.1",
            "git": "1:2.43.0-1ubuntu7.1",
        },
        php="8.3",
        python="3.12",
        weight=3,
    ),
)


def find(distribution: str, release: str) -> Release:
    """Return the release's row; the newest of the distribution (or of all) when it is not listed."""
    same = [row for row in RELEASES if row.distribution == distribution]
    for row in same:
        if row.release == release:
            return row
    return (same or list(RELEASES))[-1]
