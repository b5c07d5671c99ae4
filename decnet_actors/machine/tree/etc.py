"""This module tells what ``/etc`` and other surfaces must agree on: network, process ids, users, groups, releases."""

import base64
from collections.abc import Mapping

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.chance import derived
from decnet_actors.machine.daemons import running
from decnet_actors.machine.persona import full_point
from decnet_actors.machine.releases import find
from decnet_actors.machine.tree.storage import disk, is_virtual, platform

__all__ = ["disk", "is_virtual", "platform"]  # the disk's facts, for who asks here for all of them

SHADOW_GID, CRONTAB_GID = 42, 101
_DEBIAN_GROUPS = (
    "root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15 "
    "dialout:20 fax:21 voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37 "
    "list:38 irc:39 src:40 shadow:42 utmp:43 video:44 sasl:45 plugdev:46 staff:50 games:60 users:100 nogroup:65534 "
    "crontab:101 input:102"
)
_ROCKY_GROUPS = (
    "root:0 bin:1 daemon:2 sys:3 adm:4 tty:5 disk:6 lp:7 mem:8 kmem:9 wheel:10 cdrom:11 mail:12 man:15 dialout:18 "
    "floppy:19 games:20 utmp:22 tape:33 utempter:35 video:39 ftp:50 lock:54 audio:63 users:100 ssh_keys:101 "
    "systemd-journal:190 nobody:65534"
)
_ALPINE_GROUPS = (
    "root:0 bin:1 daemon:2 sys:3 adm:4 tty:5 disk:6 lp:7 mem:8 kmem:9 wheel:10 floppy:11 mail:12 news:13 uucp:14 "
    "man:15 cron:16 console:17 audio:18 cdrom:19 dialout:20 ftp:21 sshd:22 input:23 at:25 tape:26 video:27 netdev:28 "
    "readproc:30 kvm:34 games:35 shadow:42 www-data:82 usb:85 users:100 ntp:123 abuild:300 utmp:406 ping:999 "
    "nogroup:65533 nobody:65534"
)
_DEVICE_GROUPS = "root:0 nobody:99 users:100"
_GROUPS: Mapping[str, str] = {
    "apt": _DEBIAN_GROUPS, "dnf": _ROCKY_GROUPS, "apk": _ALPINE_GROUPS, "": _DEVICE_GROUPS,
}  # fmt: skip
_ADMIN_GROUPS = frozenset({"adm", "cdrom", "sudo", "dip", "plugdev"})
_WHEEL = frozenset({"wheel"})


def interface(persona: Persona) -> str:
    """Return the name of its network card."""
    board = find(persona.distribution, persona.release).board
    if board is not None:
        return board.interface
    kind = platform(persona)
    if persona.distribution == "alpine":  # it does not rename them
        return "eth0"
    if kind in {"vmware", "kvm"}:
        return {"vmware": "ens192", "kvm": "ens18" if persona.mac.startswith("bc:") else "ens3"}[kind]
    return {"virtualbox": "enp0s3", "hyperv": "eth0", "xen": "eth0"}.get(kind, "eno1")


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
    """Return a daemon's process id, that of the first one of its name; 0 if it does not run."""
    return next((row.pid for row in running(persona) if row.daemon.name == daemon), 0)


def python_version(persona: Persona) -> str:
    """Return ``3.11``."""
    return find(persona.distribution, persona.release).python


def groups_of(persona: Persona) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the groups by name: id and members."""
    admins = tuple(account.name for account in persona.people[:2])
    adm = _ADMIN_GROUPS if persona.package_manager == "apt" else _WHEEL
    out: dict[str, tuple[int, tuple[str, ...]]] = {}
    for word in _GROUPS[persona.package_manager].split():
        name, _, number = word.partition(":")
        out[name] = (int(number), admins if name in adm else ())
    taken = {number for number, _ in out.values()}
    for account in persona.accounts:
        if account.gid not in taken:
            out[account.name] = (account.gid, ())
            taken.add(account.gid)
    return out


def gzipped(name: str, size: int) -> bytes:
    """Return bytes that begin as gzip does."""
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" + derived(0, "doc", name).randbytes(size - 10)


def dpkg_status(persona: Persona) -> bytes:
    """Return dpkg's list of what is installed."""
    mail = "Ubuntu Developers <ubuntu-devel-discuss@lists.ubuntu.com>"
    who = mail if persona.distribution == "ubuntu" else "Debian Developers <debian-devel@lists.debian.org>"
    return "".join(
        f"Package: {name}\nStatus: install ok installed\nPriority: optional\nMaintainer: {who}\n"
        f"Architecture: amd64\nVersion: {version}\n\n"
        for name, version in sorted(persona.packages.items())
    ).encode()


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
    stems = [
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
    ]
    lines = [head]
    length = len(head)
    while length < size:
        lines.append(f"CONFIG_{rng.choice(stems)}_{rng.getrandbits(20):05X}={rng.choice('ymm')}\n")
        length += len(lines[-1])
    return "".join(lines).encode()[: size - 1] + b"\n"


def os_release(persona: Persona) -> bytes:
    """Return ``/etc/os-release``."""
    p, point = persona, full_point(persona)
    rows: dict[str, str] = {}
    match p.distribution:
        case "debian":
            rows = {
                "PRETTY_NAME": f'"{p.pretty_name}"', "NAME": '"Debian GNU/Linux"', "VERSION_ID": f'"{p.release}"',
                "VERSION": f'"{p.release} ({p.codename})"', "VERSION_CODENAME": p.codename, "ID": "debian",
                "HOME_URL": '"https://www.debian.org/"', "SUPPORT_URL": '"https://www.debian.org/support"',
                "BUG_REPORT_URL": '"https://bugs.debian.org/"',
            }  # fmt: skip
        case "ubuntu":
            long = {"focal": "Focal Fossa", "jammy": "Jammy Jellyfish", "noble": "Noble Numbat"}[p.codename]
            rows = {
                "PRETTY_NAME": f'"{p.pretty_name}"', "NAME": '"Ubuntu"', "VERSION_ID": f'"{p.release}"',
                "VERSION": f'"{point} LTS ({long})"', "VERSION_CODENAME": p.codename, "ID": "ubuntu",
                "ID_LIKE": "debian", "HOME_URL": '"https://www.ubuntu.com/"',
                "SUPPORT_URL": '"https://help.ubuntu.com/"',
                "BUG_REPORT_URL": '"https://bugs.launchpad.net/ubuntu/"',
                "PRIVACY_POLICY_URL": '"https://www.ubuntu.com/legal/terms-and-policies/privacy-policy"',
                "UBUNTU_CODENAME": p.codename,
            }  # fmt: skip
        case "rocky":
            rows = {
                "NAME": '"Rocky Linux"', "VERSION": f'"{point} ({p.codename})"', "ID": '"rocky"',
                "ID_LIKE": '"rhel centos fedora"', "VERSION_ID": f'"{point}"', "PLATFORM_ID": '"platform:el9"',
                "PRETTY_NAME": f'"{p.pretty_name}"', "ANSI_COLOR": '"0;32"', "LOGO": '"fedora-logo-icon"',
                "CPE_NAME": '"cpe:/o:rocky:rocky:9::baseos"', "HOME_URL": '"https://rockylinux.org/"',
                "BUG_REPORT_URL": '"https://bugs.rockylinux.org/"', "SUPPORT_END": '"2032-05-31"',
                "ROCKY_SUPPORT_PRODUCT": '"Rocky-Linux-9"', "ROCKY_SUPPORT_PRODUCT_VERSION": f'"{point}"',
            }  # fmt: skip
        case "alpine":
            rows = {
                "NAME": '"Alpine Linux"', "ID": "alpine", "VERSION_ID": point, "PRETTY_NAME": f'"{p.pretty_name}"',
                "HOME_URL": '"https://alpinelinux.org/"',
                "BUG_REPORT_URL": '"https://gitlab.alpinelinux.org/alpine/aports/-/issues"',
            }  # fmt: skip
        case _:
            pass  # firmware has none
    return "".join(f"{name}={value}\n" for name, value in rows.items()).encode()


def uuid(persona: Persona, what: str) -> str:
    """Return an identifier of a disk's part or the like."""
    digits = f"{derived(persona.seed, 'uuid', what).getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def host_key(persona: Persona, kind: str) -> tuple[bytes, bytes]:
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
