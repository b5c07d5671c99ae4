"""This module writes ``/etc`` of Debian and Ubuntu from the persona."""

from collections.abc import Callable

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.persona import full_point
from decnet_actors.machine.tree import etc, programs, services, users
from decnet_actors.machine.tree.builder import put
from decnet_actors.machine.tree.etc import gateway, interface
from decnet_actors.machine.tree.storage import swap


def _text(persona: Persona) -> dict[str, str]:
    """Return the plain 0644 files."""
    p, nic, name = persona, interface(persona), persona.hostname
    deb = p.distribution == "debian"
    out = {
        "hostname": f"{name}\n",
        "hosts": "127.0.0.1\tlocalhost\n"
        f"127.0.1.1\t{name}.{p.domain}\t{name}\n"
        "\n# The "
        "following lines "
        "are desirable for IPv6 capable hosts\n"
        "::1     localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n",
        "issue": f"{'Debian GNU/Linux ' + p.release if deb else p.pretty_name} \\n \\l\n\n",
        "issue.net": f"{'Debian GNU/Linux ' + p.release if deb else p.pretty_name}\n",
        "debian_version": f"{full_point(p)}\n"
        if deb
        else {"20.04": "bullseye/sid\n", "22.04": "bookworm/sid\n"}.get(p.release, "trixie/sid\n"),
        "timezone": f"{p.timezone}\n",
        "machine-id": f"{derived(p.seed, 'machine-id').getrandbits(128):032x}\n",
        "resolv.conf": f"search {p.domain}\nnameserver {gateway(p)}\n",
        "fstab": "# /etc/fstab: static file system "
        "information.\n#\n"
        "# <file system> "
        "<mount point>   "
        "<type>  <options>       "
        "<dump>  <pass>\n"
        f"UUID={etc.uuid(p, 'root')} /               ext4    errors=remount-ro 0       1\n"
        + (f"UUID={etc.uuid(p, 'swap')} none            swap    sw              0       0\n" if swap(p) else ""),
        "crontab": "# /etc/crontab: system-wide crontab\n\nSHELL=/bin/sh\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin\n\n"
        "17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly\n"
        "25 6\t* * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )\n"
        "47 6\t* * 7\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.weekly )\n"
        "52 6\t1 * *\troot\ttest -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.monthly )\n#\n",
        "shells": "# /etc/shells: valid login shells\n/bin/sh\n"
        "/bin/bash\n"
        "/usr/bin/bash\n"
        "/bin/rbash\n"
        "/usr/bin/rbash\n/bin/dash\n"
        "/usr/bin/dash\n",
        "environment": "" if deb else services.UBUNTU_ENVIRONMENT,
        "nsswitch.conf": "passwd:         files systemd\n"
        "group:          "
        "files systemd\n"
        "shadow:      "
        "   files\ngshadow:        files\n\n"
        "hosts:          files dns\nnetworks:       files\n\nprotocols:      db files\nservices:       db files\n",
        "ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
        "host.conf": "multi on\n",
        "motd": services.DEBIAN_MOTD if deb else "",
        "profile": services.PROFILE,
        "bash.bashrc": services.BASHRC,
        "services": services.SERVICES,
        "protocols": services.PROTOCOLS,
        "adduser.conf": "DSHELL=/bin/bash\nDHOME=/home\n"
        "GROUPHOMES=no\n"
        "LETTERHOMES=no\n"
        "SKEL=/etc/skel\n"
        "FIRST_UID=1000\nLAST_UID=59999\n",
        "sysctl.conf": "#\n# /etc/sysctl.conf - Configuration file for setting system variables\n#\n",
        "mtab": "",
        "nanorc": 'set suspendable\ninclude "/usr/share/nano/*.nanorc"\n',
        "login.defs": "MAIL_DIR        /var/mail\n"
        "UMASK\t\t022\n"
        "PASS_MAX_DAYS\t99999\n"
        "PASS_MIN_DAYS\t0\n"
        "PASS_WARN_AGE\t7\nUID_MIN\t\t\t 1000\n"
        "UID_MAX\t\t\t60000\n",
    }
    if not deb:
        out["lsb-release"] = (
            f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={p.release}\nDISTRIB_CODENAME={p.codename}\n"
            f'DISTRIB_DESCRIPTION="{p.pretty_name}"\n'
        )
    else:
        out["network/interfaces"] = (
            "# This file describes the network interfaces available on your system\n\nsource "
            "/etc/network/interfaces.d/*\n\n"
            f"auto lo\niface lo inet loopback\n\nallow-hotplug {nic}\niface {nic} inet static\n"
            f"\taddress {p.address}/24\n\tgateway {gateway(p)}\n\tdns-nameservers {gateway(p)}\n"
        )
    out["ssh/sshd_config"] = services.sshd_config(p)
    out["ssh/ssh_config"] = (
        "Include /etc/ssh/ssh_config.d/*.conf\n\nHost *\n    SendEnv LANG LC_*\n    HashKnownHosts "
        "yes\n    GSSAPIAuthentication yes\n"
    )
    return out


def tree(persona: Persona, some_time: Callable[[str], float], package_time: Callable[[str], float]) -> dict[str, Node]:
    """Return the children of ``/etc``."""
    installed = persona.installed_at
    names = (
        "X11 alternatives apt bash_completion.d ca-certificates cron.d cron.daily cron.hourly cron.monthly "
        "cron.weekly dbus-1 "
        "default dhcp dpkg init.d initramfs-tools iproute2 kernel ld.so.conf.d logrotate.d modprobe.d "
        "modules-load.d network "
        "opt pam.d perl profile.d python3 rc0.d rc1.d rc2.d rc3.d rc4.d rc5.d rc6.d rcS.d rsyslog.d "
        "security selinux skel ssh "
        "ssl sudoers.d sysctl.d systemd terminfo tmpfiles.d udev update-motd.d vim"
    )
    out: dict[str, Node] = {name: directory(0o755, some_time(f"etc/{name}")) for name in names.split()}
    for path, text in _text(persona).items():
        put(out, path, file(text.encode(), 0o644, some_time(f"etc/{path}") if "/" not in path else installed + 900))
    out |= users.files(persona, some_time("accounts"))
    put(out, "sudoers", file(services.SUDOERS, 0o440, package_time("sudo")))
    put(out, "localtime", symlink(f"/usr/share/zoneinfo/{persona.timezone}", installed))
    put(out, "os-release", symlink("../usr/lib/os-release", package_time("base")))
    put(out, "mtab", symlink("../proc/self/mounts", installed))
    for name, target in programs.ALTERNATIVES.items():
        put(out, f"alternatives/{name}", symlink(target, installed))
    for name in services.CRON_DAILY:
        put(out, f"cron.daily/{name}", file(b"#!/bin/sh\nset -e\n\nexit 0\n", 0o755, package_time(name)))
    for name in services.INIT_SCRIPTS:
        put(out, f"init.d/{name}", file(services.init_script(name), 0o755, package_time(name)))
        put(out, f"rc3.d/S01{name}", symlink(f"../init.d/{name}", installed))
    for name, text in services.SKEL.items():
        put(out, f"skel/{name}", file(text.encode(), 0o644, package_time("bash")))
    sources = services.sources(persona)
    put(out, "apt/sources.list", file(sources.encode(), 0o644, installed + 800))
    return out
