"""This module builds the base tree of Alpine Linux: BusyBox, musl, OpenRC and apk."""

import random
from collections.abc import Callable

from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.persona import full_point
from decnet_actors.machine.tree import etc, homes, kernel, logs, services, users
from decnet_actors.machine.tree.applets import applets
from decnet_actors.machine.tree.builder import Builder, image, put
from decnet_actors.machine.tree.elf import interpreter
from decnet_actors.machine.tree.proc import proc
from decnet_actors.machine.tree.programs import ALPINE_LIBRARIES, ALPINE_PROGRAMS, BUSYBOX
from decnet_actors.machine.tree.storage import swap

_STICKY = 0o1777
_GZIP, _EFI_STUB = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", b"MZ\xea\x07\x00\xc0\x07\x8c"
_PROFILE = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PAGER=less
umask 022

PS1='\\h:\\w\\$ '
for script in /etc/profile.d/*.sh ; do
        if [ -r "$script" ] ; then
                . "$script"
        fi
done
unset script
"""
_INITTAB = """# /etc/inittab

::sysinit:/sbin/openrc sysinit
::sysinit:/sbin/openrc boot
::wait:/sbin/openrc default

"""
_MOTD = """Welcome to Alpine!

The Alpine Wiki contains a large amount of how-to guides and general
information about administrating Alpine systems.
See <https://wiki.alpinelinux.org/>.

You can setup the system with the command: setup-alpine

You may change this message by editing /etc/motd.

"""
_SERVICES = "acpid bootmisc crond devfs dmesg hostname hwclock hwdrivers modules networking seedrng swap syslog urandom"


class AlpineLayout(Builder):
    """Builds the root file system of Alpine; ``/usr`` is not merged."""

    def root(self) -> Node:
        """Return the root directory."""
        p, booted, installed = self.persona, self.persona.booted_at, self.persona.installed_at
        root = directory(0o755, installed + 300)
        root.inode = 2
        root.children = {
            **{name: self.lazy(0o755, self.updated, self.folder(name)) for name in ("bin", "sbin")},
            "boot": self.lazy(0o755, self.updated, self.boot),
            "dev": self.lazy(0o755, booted, lambda _: kernel.devices(p)),
            "etc": self.lazy(0o755, booted + 12, self.etc),
            "home": self.lazy(0o755, installed + 60, lambda _: homes.people(p)),
            "lib": self.lazy(0o755, self.updated, self.libraries),
            "lost+found": directory(0o700, installed),
            "media": self.lazy(0o755, installed, lambda _: self.folders("cdrom floppy usb")),
            "mnt": directory(0o755, installed),
            "opt": directory(0o755, installed),
            "proc": self.lazy(0o555, booted, lambda _: proc(p, self.now)),
            "root": self.lazy(0o700, self.some_time("root"), lambda _: homes.root(p)),
            "run": self.lazy(0o755, booted + 10, self.run),
            "srv": self.srv(installed),
            "sys": self.lazy(0o555, booted, lambda _: kernel.sysfs(p)),
            "tmp": directory(_STICKY, booted + 20),
            "usr": self.lazy(0o755, installed, self.usr),
            "var": self.lazy(0o755, installed, self.var),
        }
        root.children["proc"].virtual = root.children["sys"].virtual = True
        self.number_all(root.children, "/")
        return root

    def folder(self, place: str) -> Callable[[random.Random], dict[str, Node]]:
        """Return what fills a folder of programs: links to BusyBox, and what packages brought."""

        def fill(_: random.Random) -> dict[str, Node]:
            when = self.package_time("busybox")
            out: dict[str, Node] = {
                name: symlink("/bin/busybox", when) for name in applets(self.persona).get(place, ())
            }
            for path, size in {**ALPINE_PROGRAMS, "bin/busybox": BUSYBOX}.items():
                where, _slash, name = path.rpartition("/")
                if where == place:
                    out[name] = self.program(name, size)
            return {**out, **self.serving(f"/{place}/", out)}

        return fill

    def boot(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/boot``."""
        version, when = self.persona.kernel, self.updated
        flavour = version.rpartition("-")[2]
        return {
            f"System.map-{version}": image(version, b"0000000000000000 D __per_cpu_start\n", 3_241_100, 0o644, when),
            f"config-{version}": file(lambda: etc.kernel_config(self.persona, 151_212), 0o644, when, size=151_212),
            "extlinux.conf": file(b"DEFAULT menu.c32\nPROMPT 0\nTIMEOUT 10\n", 0o644, when),
            f"initramfs-{flavour}": image(version, _GZIP, 8_812_102, 0o644, when + 20),
            f"vmlinuz-{flavour}": image(version, _EFI_STUB, 7_741_440, 0o644, when),
        }

    def libraries(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/lib``."""
        loader = interpreter(self.persona).rpartition("/")[2]
        out = {name: self.program(name, size) for name, size in ALPINE_LIBRARIES.items()}
        out[loader] = self.program("ld-musl", 654_872)
        out["libc.musl-x86_64.so.1"] = symlink(loader, self.package_time("musl"))
        apk, modules = directory(0o755, self.updated), directory(0o755, self.updated)
        database = directory(0o755, self.updated)
        rows = (f"P:{name}\nV:{version}\nA:x86_64\n\n" for name, version in sorted(self.persona.packages.items()))
        database.children = {"installed": file("".join(rows).encode(), 0o644, self.updated)}
        apk.children = {"db": database}
        modules.children = {self.persona.kernel: directory(0o755, self.updated)}
        return {**out, **self.folders("firmware mdev modules-load.d rc sysctl.d"), "apk": apk, "modules": modules}

    def usr(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr``."""
        local = directory(0o755, self.persona.installed_at)
        local.children = self.folders("bin lib share")
        share = directory(0o755, self.updated)
        share.children = self.folders("apk man misc udhcpc zoneinfo")
        lib, ssh = directory(0o755, self.updated), directory(0o755, self.updated)
        ssh.children = {"sftp-server": self.program("sftp-server", 98_800)}
        lib.children = {**self.folders("engines-3 ossl-modules modules-load.d"), "ssh": ssh}
        return {
            "bin": self.lazy(0o755, self.updated, self.folder("usr/bin")),
            "lib": lib,
            "local": local,
            "sbin": self.lazy(0o755, self.updated, self.folder("usr/sbin")),
            "share": share,
        }

    def etc(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/etc``."""
        p, nic, name, installed = (
            self.persona,
            etc.interface(self.persona),
            self.persona.hostname,
            self.persona.installed_at,
        )
        swaps = f"UUID={etc.uuid(p, 'swap')}\tswap\tswap\tdefaults\t0 0\n" if swap(p) else ""
        getty = "".join(f"tty{number}::respawn:/sbin/getty 38400 tty{number}\n" for number in range(1, 7))
        texts = {
            "hostname": f"{name}\n",
            "hosts": f"127.0.0.1\t{name}.{p.domain} {name} localhost.localdomain localhost\n::1\t\tlocalhost\n",
            "issue": f"Welcome to Alpine Linux {p.release}\nKernel \\r on an \\m (\\l)\n\n",
            "alpine-release": f"{full_point(p)}\n",
            "motd": _MOTD,
            "profile": _PROFILE,
            "inittab": f"{_INITTAB}{getty}\n::ctrlaltdel:/sbin/reboot\n::shutdown:/sbin/openrc shutdown\n",
            "fstab": f"UUID={etc.uuid(p, 'root')}\t/\text4\trw,relatime 0 1\n{swaps}",
            "resolv.conf": f"search {p.domain}\nnameserver {etc.gateway(p)}\n",
            "shells": "# valid login shells\n/bin/sh\n/bin/ash\n",
            "services": services.SERVICES,
            "protocols": services.PROTOCOLS,
            "apk/world": "".join(f"{package}\n" for package in ("alpine-base", "chrony", "curl", "openssh", "openssl")),
            "apk/arch": f"{p.architecture}\n",
            "apk/repositories": f"http://mirror.{p.domain}/alpine/v{p.release}/main\n"
            f"http://mirror.{p.domain}/alpine/v{p.release}/community\n",
            "network/interfaces": "auto lo\niface lo inet loopback\n\n"
            f"auto {nic}\niface {nic} inet static\n\taddress {p.address}/24\n\tgateway {etc.gateway(p)}\n",
            "crontabs/root": "*/15\t*\t*\t*\t*\trun-parts /etc/periodic/15min\n"
            "0\t*\t*\t*\t*\trun-parts /etc/periodic/hourly\n0\t2\t*\t*\t*\trun-parts /etc/periodic/daily\n",
            "ssh/sshd_config": services.sshd_config(p).replace("/usr/lib/openssh", "/usr/lib/ssh"),
        }
        out = self.folders(
            "acpi chrony conf.d init.d local.d logrotate.d modprobe.d opt periodic profile.d runlevels ssl sysctl.d"
        )
        for path, text in texts.items():
            mode = 0o600 if path.startswith("crontabs/") else 0o644
            put(out, path, file(text.encode(), mode, self.some_time(f"etc/{path}")))
        out |= users.files(p, self.some_time("accounts"))
        out["os-release"] = file(etc.os_release(p), 0o644, self.package_time("base"))
        out["localtime"] = symlink(f"/usr/share/zoneinfo/{p.timezone}", installed)
        out["mtab"] = symlink("../proc/mounts", installed)
        for service in (*_SERVICES.split(), "chronyd", "sshd"):
            put(out, f"init.d/{service}", file(services.openrc_script(service), 0o755, self.package_time(service)))
            level = (
                "boot" if service in {"bootmisc", "hostname", "hwclock", "modules", "networking", "swap"} else "default"
            )
            put(out, f"runlevels/{level}/{service}", symlink(f"/etc/init.d/{service}", installed))
        self.host_keys(out, installed + 90)
        return out

    def run(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/run``."""
        booted = self.persona.booted_at
        out = self.folders("chrony lock log mount openrc")
        for program in ("acpid", "crond", "sshd", "syslogd"):
            if number := etc.pid(self.persona, program):
                out[f"{program}.pid"] = file(b"%d\n" % number, 0o644, booted + 9)
        out["utmp"] = file(b"", 0o664, booted + 30, gid=406)
        return out

    def var(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/var``."""
        p, installed = self.persona, self.persona.installed_at
        cache, lib, spool = (directory(0o755, self.some_time(name)) for name in ("cache", "lib", "spool"))
        cache.children, lib.children = self.folders("apk misc"), self.folders("apk chrony misc udhcpd")
        cron = directory(0o755, installed)
        cron.children = {"crontabs": symlink("../../../etc/crontabs", installed)}
        spool.children = {"cron": cron, "mail": symlink("/var/mail", installed)}
        return {
            **self.folders("empty local mail opt www"),
            "cache": cache,
            "lib": lib,
            "lock": symlink("/run/lock", installed),
            "log": self.lazy(0o755, p.booted_at, lambda rng: logs.tree(p, self.now(), rng)),
            "run": symlink("/run", installed),
            "spool": spool,
            "tmp": directory(_STICKY, p.booted_at),
        }
