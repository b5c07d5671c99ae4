"""This module builds the tree of a device: a small flash image, written once by its maker, and what runs in memory."""

import random
from collections.abc import Callable, Mapping

from decnet_actors.machine.daemons import SSH_ONLY, running, served
from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.persona import full_point
from decnet_actors.machine.releases import find
from decnet_actors.machine.tree import etc, kernel, users
from decnet_actors.machine.tree.applets import applets
from decnet_actors.machine.tree.builder import Builder, put
from decnet_actors.machine.tree.elf import interpreter
from decnet_actors.machine.tree.proc import proc
from decnet_actors.machine.tree.programs import DEVICE_LIBRARIES, DEVICE_PROGRAMS, FIRMWARE_BUSYBOX

_STICKY = 0o1777
_MOUNTED = (("proc", "/proc"), ("tmpfs", "/tmp"), ("sysfs", "/sys"))  # noqa: S108  a mount table
_UNLISTED = 90_000  # bytes of a program nobody listed
_SERVICES = "ftp\t\t21/tcp\nssh\t\t22/tcp\ntelnet\t\t23/tcp\nsmtp\t\t25/tcp\ndomain\t\t53/udp\nhttp\t\t80/tcp\n"
_PROFILE = "export PATH=/bin:/sbin:/usr/bin:/usr/sbin\nexport HOME=/root\numask 022\n"


class FirmwareLayout(Builder):
    """Builds the root file system of a device; everything in the image has the time the image was made."""

    def root(self) -> Node:
        """Return the root directory."""
        persona, built, booted = self.persona, self.built(), self.persona.booted_at
        root = directory(0o755, built)
        root.inode = 2
        root.children = {
            **{name: self.lazy(0o755, built, self.folder(name)) for name in ("bin", "sbin")},
            "dev": self.lazy(0o755, booted, lambda _: kernel.devices(persona)),
            "etc": self.lazy(0o755, built, self.etc),
            "home": directory(0o755, built),
            "lib": self.lazy(0o755, built, self.libraries),
            "linuxrc": symlink("bin/busybox", built),
            "mnt": self.lazy(0o755, built, lambda _: {"mtd": directory(0o755, booted + 3)}),
            "opt": directory(0o755, built),
            "proc": self.lazy(0o555, booted, lambda _: proc(persona, self.now)),
            "root": directory(0o700, built),
            "sys": self.lazy(0o555, booted, lambda _: kernel.sysfs(persona)),
            "tmp": self.lazy(_STICKY, booted + 4, self.tmp),
            "usr": self.lazy(0o755, built, self.usr),
            "var": self.lazy(0o755, booted + 2, self.var),
            "www": self.lazy(0o755, built, lambda _: {"cgi-bin": directory(0o755, built)}),
        }
        place = self.data_folder()
        if place not in root.children and "/" not in place:
            root.children[place] = directory(0o755, booted + 3)
        root.children["proc"].virtual = root.children["sys"].virtual = True
        self.number_all(root.children, "/")
        return root

    def built(self) -> float:
        """Return when the image was made."""
        release = find(self.persona.distribution, self.persona.release)
        return next(one.date for one in release.levels if one.build == self.persona.kernel_build) - 86_400.0

    def data_folder(self) -> str:
        """Return where what can be written is mounted, without the first slash."""
        board = find(self.persona.distribution, self.persona.release).board
        return "" if board is None else board.data.partition(" ")[2].lstrip("/")

    def image_file(self, name: str, size: int) -> Node:
        """Return a program of the image."""
        node = self.program(name, size)
        node.mtime = node.ctime = node.atime = self.built()
        return node

    def folder(self, place: str) -> Callable[[random.Random], dict[str, Node]]:
        """Return what fills a folder of programs: links to BusyBox, and what the maker added."""

        def fill(_: random.Random) -> dict[str, Node]:
            built = self.built()
            out = {name: symlink("/bin/busybox", built) for name in applets(self.persona).get(place, ())}
            if place == "bin":
                out["busybox"] = self.image_file("busybox", FIRMWARE_BUSYBOX)
            for path in self.added():
                where, slash, name = path.rpartition("/")
                if slash and where == place and name not in out:
                    out[name] = self.image_file(name, DEVICE_PROGRAMS.get(name, _UNLISTED))
            return out

        return fill

    def added(self) -> list[str]:
        """Return the programs besides BusyBox: those that run, as far as they are no applets."""
        paths = [row.daemon.command.partition(" ")[0] for row in running(self.persona)]
        paths += ["/usr/sbin/iptables"] if self.persona.distribution == "router" else []
        return [path.lstrip("/") for path in paths if path.startswith("/")]

    def usr(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr``."""
        built = self.built()
        out = {name: self.lazy(0o755, built, self.folder(f"usr/{name}")) for name in ("bin", "sbin")}
        return {**out, "lib": directory(0o755, built), "share": directory(0o755, built)}

    def libraries(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/lib``."""
        persona, built = self.persona, self.built()
        version = persona.packages["uclibc"]
        loader = interpreter(persona).rpartition("/")[2]
        out = {f"{stem}-{version}.so": self.image_file(stem, size) for stem, size in DEVICE_LIBRARIES.items()}
        for stem in DEVICE_LIBRARIES:
            short = {"ld-uClibc": loader, "libuClibc": "libc.so.0"}.get(stem, f"{stem}.so.0")
            out[short] = symlink(f"{stem}-{version}.so", built)
        modules = directory(0o755, built)
        modules.children = {persona.kernel: directory(0o755, built)}
        return {**out, "modules": modules}

    def etc(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/etc``."""
        p, built = self.persona, self.built()
        texts: Mapping[str, str] = {
            "hosts": "127.0.0.1\tlocalhost\n",
            "inittab": "::sysinit:/etc/init.d/rcS\n::ctrlaltdel:/sbin/reboot\n::shutdown:/bin/umount -a -r\n",
            "fstab": "".join(f"{kind}\t{place}\t{kind}\tdefaults\t0 0\n" for kind, place in _MOUNTED),
            "profile": _PROFILE,
            "services": _SERVICES,
            "protocols": "ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\n",
            "shells": "/bin/sh\n/bin/ash\n",
            "resolv.conf": f"nameserver {etc.gateway(p)}\n",
            "version": f"{p.pretty_name}\n{full_point(p)}\n",
        }
        out: dict[str, Node] = {name: file(text.encode(), 0o644, built) for name, text in texts.items()}
        out["hostname"] = file(f"{p.hostname}\n".encode(), 0o644, built)
        out |= users.files(p, built)
        lines = [
            "#!/bin/sh",
            "mount -a",
            "mkdir -p /dev/pts",
            "mount -t devpts devpts /dev/pts",
            "hostname -F /etc/hostname",
        ]
        lines += [f"{one.command} &" for one in served(p)]
        put(out, "init.d/rcS", file("".join(f"{line}\n" for line in lines).encode(), 0o755, built))
        if "ssh" in (p.services or SSH_ONLY):
            for kind in ("rsa", "dss"):
                put(out, f"dropbear/dropbear_{kind}_host_key", file(bytes(range(1, 120)), 0o600, built))
        return out

    def tmp(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/tmp``."""
        booted = self.persona.booted_at
        return {"resolv.conf": file(f"nameserver {etc.gateway(self.persona)}\n".encode(), 0o644, booted + 9)}

    def var(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/var``."""
        booted = self.persona.booted_at
        run = directory(0o755, booted + 5)
        run.children = {
            f"{row.daemon.name}.pid": file(b"%d\n" % row.pid, 0o644, booted + 6)
            for row in running(self.persona)
            if row.daemon.port
        }
        return {"run": run, **{name: directory(0o755, booted + 2) for name in ("lock", "log", "tmp")}}
