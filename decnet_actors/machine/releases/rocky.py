"""This module lists the releases of Rocky Linux a persona can run."""

from decnet_actors.machine.releases.model import Release, level

RELEASES: tuple[Release, ...] = (
    Release(
        distribution="rocky",
        release="9",
        codename="Blue Onyx",
        pretty="Rocky Linux {point} (Blue Onyx)",
        released=1657756800.0,
        levels=(
            level(
                1695500000.0,
                "9.2",
                "5.14.0-284.30.1.el9_2.x86_64",
                "#1 SMP PREEMPT_DYNAMIC Sat Sep 16 09:55:41 UTC 2023",
                "8.7p1-30.el9_2",
            ),
            level(
                1711000000.0,
                "9.3",
                "5.14.0-362.24.1.el9_3.0.1.x86_64",
                "#1 SMP PREEMPT_DYNAMIC Thu Apr 4 22:31:43 UTC 2024",
                "8.7p1-34.el9_3.3",
            ),
            level(
                1716000000.0,
                "9.4",
                "5.14.0-427.16.1.el9_4.x86_64",
                "#1 SMP PREEMPT_DYNAMIC Wed May 8 17:48:14 UTC 2024",
                "8.7p1-38.el9",
            ),
            level(
                1732500000.0,
                "9.5",
                "5.14.0-503.14.1.el9_5.x86_64",
                "#1 SMP PREEMPT_DYNAMIC Fri Nov 15 12:04:32 UTC 2024",
                "8.7p1-43.el9",
            ),
        ),
        packages={
            "bash": "5.1.8-9.el9",
            "coreutils": "8.32-36.el9",
            "glibc": "2.34-125.el9_5.1",
            "openssl": "1:3.2.2-6.el9_5",
            "systemd": "252-46.el9_5.2",
            "sudo": "1.9.5p2-10.el9_3",
            "wget": "1.21.1-8.el9_4",
            "curl": "7.76.1-31.el9",
            "httpd": "2.4.62-1.el9",
            "redis": "6.2.7-1.el9",
            "telnet-server": "1:0.17-85.el9",
            "mariadb-server": "3:10.5.22-1.el9_2",
            "postgresql-server": "13.18-1.el9_5",
            "vsftpd": "3.0.5-6.el9",
            "postfix": "2:3.5.25-1.el9",
            "php": "8.0.30-1.el9_2",
            "python3": "3.9.21-1.el9_5",
            "perl": "4:5.32.1-481.el9",
            "git": "2.43.5-2.el9_5",
        },
        php="8.0",
        python="3.9",
        weight=2,
        package_manager="dnf",
    ),
)
