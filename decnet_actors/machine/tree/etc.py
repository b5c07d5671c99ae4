"""This module writes ``/etc`` from the persona, and what other surfaces must agree with it on."""

import base64
import zlib
from collections.abc import Callable

from decnet_actors.domain.persona import Account, Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.names import CARDS, VIRTUAL
from decnet_actors.machine.node import Content, Node, directory, file, symlink
from decnet_actors.machine.persona import FIRST_PERSON_UID, full_point
from decnet_actors.machine.releases import DAY, find
from decnet_actors.machine.tree import programs, services

SHADOW_GID, CRONTAB_GID = 42, 101
_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15 "
    "dialout:20 fax:21 "
    "voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37 "
    "list:38 irc:39 src:40 "
    "shadow:42 utmp:43 video:44 sasl:45 plugdev:46 staff:50 games:60 users:100 nogroup:65534 crontab:101 input:102"
)
_ADMIN_GROUPS = frozenset({"adm", "cdrom", "sudo", "dip", "plugdev"})
_SCRIPT_HEADS = {"which.debianutils": b"#! /bin/sh\nset -ef\n", "ldconfig": b"#!/bin/sh\n"}


def platform(persona: Persona) -> str:
    """Return the hypervisor or maker the machine's network card belongs to."""
    return next((kind for prefix, kind, _ in CARDS if persona.mac.startswith(prefix)), "kvm")


def is_virtual(persona: Persona) -> bool:
    """Return whether the machine is a guest."""
    return platform(persona) in VIRTUAL


def interface(persona: Persona) -> str:
    """Return the name of its network card."""
    kind = platform(persona)
    if kind in {"vmware", "kvm"}:
        return {"vmware": "ens192", "kvm": "ens18" if persona.mac.startswith("bc:") else "ens3"}[kind]
    return {"virtualbox": "enp0s3", "hyperv": "eth0", "xen": "eth0"}.get(kind, "eno1")


def disk(persona: Persona) -> str:
    """Return the name of its disk's device."""
    return {"kvm": "vda", "xen": "xvda"}.get(platform(persona), "sda")


def gateway(persona: Persona) -> str:
    """Return its default gateway: the first or last address of its /24."""
    head, _, last = persona.address.rpartition(".")
    if not head:
        return "fe80::1"
    return f"{head}.{1 if last != '1' else 254}"


def gateway_mac(persona: Persona) -> str:
    """Return the gateway's MAC; the installation's, so neighbours agree."""
    rng = derived(0, gateway(persona), persona.domain)
    return rng.choice(("00:1c:73", "00:1b:17", "70:4c:a5", "e0:23:ff")) + "".join(
        f":{rng.randrange(256):02x}" for _ in range(3)
    )


def pid(persona: Persona, daemon: str) -> int:
    """Return a daemon's process id: small, stable for this machine, and in order of the start."""
    order = (
        "systemd-journald",
        "systemd-udevd",
        "systemd-timesyncd",
        "cron",
        "dbus-daemon",
        "rsyslogd",
        "systemd-logind",
    )
    place = order.index(daemon) if daemon in order else 8 + zlib.crc32(daemon.encode()) % 24
    start = 240 + persona.seed % 300
    return start + place * 11 + zlib.crc32(f"{persona.seed}{daemon}".encode()) % 11


def python_version(persona: Persona) -> str:
    """Return ``3.11``."""
    return find(persona.distribution, persona.release).python


def groups_of(persona: Persona) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the groups by name: id and members."""
    people = [account.name for account in persona.accounts if account.uid >= FIRST_PERSON_UID and account.uid != 65534]  # noqa: PLR2004  nobody
    admins = tuple(people[:2])
    out: dict[str, tuple[int, tuple[str, ...]]] = {}
    for word in _GROUPS.split():
        name, _, number = word.partition(":")
        out[name] = (int(number), admins if name in _ADMIN_GROUPS else ())
    for account in persona.accounts:
        if account.gid not in {number for number, _ in out.values()}:
            out[account.name] = (account.gid, ())
    return out


def script(name: str, size: int) -> Content:
    """Return a shell script of about a size, for the programs that are scripts."""
    head = _SCRIPT_HEADS.get(name, b"#! /bin/sh\n# Part of the base system.\nset -e\n")
    return head.ljust(size - 1, b" ")[: size - 1] + b"\n"


def gzipped(name: str, size: int) -> bytes:
    """Return bytes that begin as gzip does."""
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" + derived(0, "doc", name).randbytes(size - 10)


def copyright_text(name: str) -> bytes:
    """Return a short copyright note."""
    return (
        f"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: {name}\n\n"
        "Files: *\nLicense: GPL-2+\n"
    ).encode()


def kernel_config(persona: Persona, size: int) -> bytes:
    """Return the kernel's configuration: its head, and options to fill ``size`` bytes."""
    version = persona.kernel.partition("-")[0]
    head = f"#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86 {version} Kernel Configuration\n#\n"
    head += (
        'CONFIG_CC_VERSION_TEXT="gcc"\nCONFIG_CC_IS_GCC=y\nCONFIG_64BIT=y\nCONFIG_X86_64=y\n'
        "CONFIG_X86=y\nCONFIG_SMP=y\n"
    )
    rng = derived(0, "config", persona.kernel)
    stems = (
        "SND",
        "NET",
        "USB",
        "DRM",
        "MEDIA",
        "CRYPTO",
        "SCSI",
        "VIDEO",
        "HID",
        "RTC",
        "MFD",
        "IIO",
        "PINCTRL",
        "BT",
    )
    lines = [head]
    length = len(head)
    while length < size:
        lines.append(f"CONFIG_{rng.choice(stems)}_{rng.getrandbits(20):05X}={rng.choice('ymm')}\n")
        length += len(lines[-1])
    return "".join(lines).encode()[: size - 1] + b"\n"


def os_release(persona: Persona) -> bytes:
    """Return ``/etc/os-release``."""
    p = persona
    if p.distribution == "debian":
        text = (
            f'PRETTY_NAME="{p.pretty_name}"\nNAME="Debian GNU/Linux"\nVERSION_ID="{p.release}"\n'
            f'VERSION="{p.release} ({p.codename})"\nVERSION_CODENAME={p.codename}\nID=debian\n'
            'HOME_URL="https://www.debian.org/"\nSUPPORT_URL="https://www.debian.org/support"\n'
            'BUG_REPORT_URL="https://bugs.debian.org/"\n'
        )
    else:
        long = {"focal": "Focal Fossa", "jammy": "Jammy Jellyfish", "noble": "Noble Numbat"}.get(p.codename, p.codename)
        text = (
            f'PRETTY_NAME="{p.pretty_name}"\nNAME="Ubuntu"\nVERSION_ID="{p.release}"\n'
            f'VERSION="{full_point(p)} LTS ({long})"\nVERSION_CODENAME={p.codename}\nID=ubuntu\nID_LIKE=debian\n'
            'HOME_URL="https://www.ubuntu.com/"\nSUPPORT_URL="https://help.ubuntu.com/"\n'
            'BUG_REPORT_URL="https://bugs.launchpad.net/ubuntu/"\n'
            'PRIVACY_POLICY_URL="https://www.ubuntu.com/legal/terms-and-policies/privacy-policy"\n'
            f"UBUNTU_CODENAME={p.codename}\n"
        )
    return text.encode()


def passwd(persona: Persona) -> bytes:
    """Return ``/etc/passwd``."""
    lines = (f"{a.name}:x:{a.uid}:{a.gid}:{a.comment}:{a.home}:{a.shell}\n" for a in persona.accounts)
    return "".join(lines).encode()


def shadow(persona: Persona) -> bytes:
    """Return ``/etc/shadow``: hashes look right and open nothing; people and root have one, services do not."""
    installed = int(persona.installed_at // DAY)
    return "".join(f"{a.name}:{_hash(persona, a)}:{installed}:0:99999:7:::\n" for a in persona.accounts).encode()


def _hash(persona: Persona, account: Account) -> str:
    person = account.uid == 0 or account.home.startswith("/home/")
    if not person or account.name == "syslog" or (account.uid == 0 and persona.distribution == "ubuntu"):
        return "*"
    if account.name == persona.distribution:
        return "!"
    rng = derived(persona.seed, "shadow", account.name)
    letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    if persona.release == "20.04":
        return f"$6${''.join(rng.choices(letters, k=16))}${''.join(rng.choices(letters, k=86))}"
    return f"$y$j9T${''.join(rng.choices(letters, k=22))}${''.join(rng.choices(letters, k=43))}"


def _groups(persona: Persona) -> tuple[bytes, bytes]:
    rows = groups_of(persona).items()
    group = "".join(f"{name}:x:{number}:{','.join(members)}\n" for name, (number, members) in rows)
    gshadow = "".join(f"{name}:*::{','.join(members)}\n" for name, (_, members) in rows)
    return group.encode(), gshadow.encode()


def _uuid(persona: Persona, what: str) -> str:
    digits = f"{derived(persona.seed, 'uuid', what).getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


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
        f"UUID={_uuid(p, 'root')} /               ext4    errors=remount-ro 0       1\n"
        f"UUID={_uuid(p, 'swap')} none            swap    sw              0       0\n",
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
    group, gshadow = _groups(persona)
    changed = some_time("accounts")
    put(out, "passwd", file(passwd(persona), 0o644, changed))
    put(out, "passwd-", file(passwd(persona), 0o644, changed - 9))
    put(out, "shadow", file(shadow(persona), 0o640, changed + 3, gid=SHADOW_GID))
    put(out, "shadow-", file(shadow(persona), 0o640, changed - 6, gid=SHADOW_GID))
    put(out, "group", file(group, 0o644, changed))
    put(out, "gshadow", file(gshadow, 0o640, changed, gid=SHADOW_GID))
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
    for kind in ("rsa", "ecdsa", "ed25519"):
        secret, public = _host_key(persona, kind)
        put(out, f"ssh/ssh_host_{kind}_key", file(secret, 0o600, installed + 700))
        put(out, f"ssh/ssh_host_{kind}_key.pub", file(public, 0o644, installed + 700))
    for name, text in services.SKEL.items():
        put(out, f"skel/{name}", file(text.encode(), 0o644, package_time("bash")))
    sources = services.sources(persona)
    put(out, "apt/sources.list", file(sources.encode(), 0o644, installed + 800))
    return out


def _host_key(persona: Persona, kind: str) -> tuple[bytes, bytes]:
    """Return stand-ins of the right shape; the ssh service may plant the real ones over them."""
    rng = derived(persona.seed, "host-key", kind)
    size = {"rsa": 1830, "ecdsa": 360, "ed25519": 290}[kind]
    body = base64.b64encode(b"openssh-key-v1\0" + rng.randbytes(size)).decode()
    lines = "\n".join(body[i : i + 70] for i in range(0, len(body), 70))
    label = {"rsa": "ssh-rsa", "ecdsa": "ecdsa-sha2-nistp256", "ed25519": "ssh-ed25519"}[kind]
    raw = len(label).to_bytes(4, "big") + label.encode() + rng.randbytes({"rsa": 397, "ecdsa": 85, "ed25519": 36}[kind])
    public = f"{label} {base64.b64encode(raw).decode()} root@{persona.hostname}\n"
    return (
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{lines}\n-----END OPENSSH PRIVATE KEY-----\n".encode(),
        public.encode(),
    )


def put(children: dict[str, Node], path: str, node: Node) -> None:
    """Place a node, making the directories it needs."""
    head, _, rest = path.partition("/")
    if not rest:
        children[head] = node
        return
    parent = children.setdefault(head, directory(0o755, node.mtime))
    if parent.children is None:
        parent.children = {}
    put(parent.children, rest, node)
