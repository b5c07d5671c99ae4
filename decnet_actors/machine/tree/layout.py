"""This module builds the base tree of Debian and Ubuntu: directories, programs, files, all aged as one install."""

import random
import stat
import zlib
from functools import partial

from decnet_actors.machine.daemons import SSH_ONLY
from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.tree import etc, etc_debian, homes, kernel, logs, programs
from decnet_actors.machine.tree.builder import Builder, image
from decnet_actors.machine.tree.proc import proc

_STICKY = 0o1777
_LIB = "x86_64-linux-gnu"
_EFI_STUB, _GZIP = b"MZ\xea\x07\x00\xc0\x07\x8c", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"  # of bzImage; of cpio.gz


class DebianLayout(Builder):
    """Builds the tree of Debian and Ubuntu."""

    def root(self) -> Node:
        booted, installed = self.persona.booted_at, self.persona.installed_at
        root = directory(0o755, installed + 3600)
        root.inode = 2
        root.children = {
            **{name: symlink(f"usr/{name}", installed) for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")},
            "boot": self.lazy(0o755, self.updated, self.boot),
            "dev": self.lazy(0o755, booted, lambda _: kernel.devices(self.persona)),
            "etc": self.lazy(0o755, booted + 12, self.etc),
            "home": self.lazy(0o755, installed + 600, self.home),
            "lost+found": directory(0o700, installed),
            "media": directory(0o755, installed),
            "mnt": directory(0o755, self.released),
            "opt": directory(0o755, self.released),
            "proc": self.lazy(0o555, booted, lambda _: proc(self.persona, self.now)),
            "root": self.lazy(0o700, self.some_time("root"), lambda _: homes.root(self.persona)),
            "run": self.lazy(0o755, booted + 30, self.run),
            "srv": self.srv(installed),
            "sys": self.lazy(0o555, booted, lambda _: kernel.sysfs(self.persona)),
            "tmp": self.lazy(_STICKY, booted + 60, self.tmp),
            "usr": self.lazy(0o755, installed, self.usr),
            "var": self.lazy(0o755, installed + 60, self.var),
        }
        root.children["proc"].virtual = root.children["sys"].virtual = True
        self.number_all(root.children, "/")
        return root

    def usr(self, _: random.Random) -> dict[str, Node]:
        released = self.released
        return {
            "bin": self.lazy(0o755, self.updated, self.usr_bin),
            "games": directory(0o755, released),
            "include": directory(0o755, released),
            "lib": self.lazy(0o755, self.updated, self.usr_lib),
            "lib32": directory(0o755, released),
            "lib64": self.lazy(
                0o755,
                released,
                lambda _: {"ld-linux-x86-64.so.2": symlink(f"/lib/{_LIB}/ld-linux-x86-64.so.2", released)},
            ),
            "libx32": directory(0o755, released),
            "libexec": directory(0o755, self.updated),
            "local": self.lazy(0o755, self.persona.installed_at, self.usr_local),
            "sbin": self.lazy(0o755, self.updated, self.usr_sbin),
            "share": self.lazy(0o755, self.updated, self.usr_share),
            "src": directory(0o755, self.updated),
        }

    def usr_bin(self, rng: random.Random) -> dict[str, Node]:
        out: dict[str, Node] = {}
        for name, size in programs.BIN.items():
            if name in programs.OPTIONAL and rng.random() < 0.45:  # noqa: PLR2004  not every server has it
                continue
            out[name] = self.program(name, size, 0o4755 if name in programs.SETUID else 0o755)
        python = etc.python_version(self.persona)
        out[f"python{python}"] = self.program("python", 6_839_896)
        out["python3"] = symlink(f"python{python}", self.released)
        out["busybox"] = self.program("busybox", programs.BUSYBOX)
        out["kmod"] = self.program("kmod", 174_424)
        out["write.ul"] = self.program("write.ul", 22_880)
        out["systemd-analyze"] = self.program("systemd-analyze", 211_656)
        out["["] = self.program("[", 68_496)
        out |= self.serving("/usr/bin/", out)
        for name, target in programs.LINKS_BIN.items():
            out[name] = symlink(target, self.package_time(name))
        if self.persona.distribution == "ubuntu":
            out["snap"] = self.program("snap", 16_000_000)
            out["lsb_release"] = self.program("lsb_release", 3638)
        return out

    def usr_sbin(self, _: random.Random) -> dict[str, Node]:
        out: dict[str, Node] = {name: self.program(name, size) for name, size in programs.SBIN.items()}
        out.update({name: symlink(target, self.package_time(name)) for name, target in programs.LINKS_SBIN.items()})
        out |= self.serving("/usr/sbin/", out)
        out["mke2fs"] = self.program("mke2fs", 138_248)
        out["killall5"] = self.program("killall5", 26_952)
        return out

    def usr_lib(self, _: random.Random) -> dict[str, Node]:
        plain = "apt cloud dbus-1.0 dpkg git-core init locale lsb man-db modprobe.d modules-load.d networkd-dispatcher"
        out: dict[str, Node] = {name: directory(0o755, self.package_time(name)) for name in plain.split()}
        out[_LIB] = self.lazy(0o755, self.updated, self.libraries)
        out["os-release"] = file(etc.os_release(self.persona), 0o644, self.package_time("base"))
        out["openssh"] = self.lazy(
            0o755,
            self.package_time("openssh"),
            lambda _: {
                name: self.program(name, size)
                for name, size in {"sftp-server": 113_600, "ssh-keysign": 489_544, "agent-launch": 1_076}.items()
            },
        )
        out["systemd"] = self.lazy(
            0o755,
            self.package_time("systemd"),
            lambda _: {
                name: self.program(name, size)
                for name, size in {
                    "systemd": 100_208,
                    "systemd-journald": 178_720,
                    "systemd-logind": 260_672,
                    "systemd-udevd": 595_296,
                    "systemd-networkd": 1_870_512,
                    "systemd-resolved": 472_400,
                    "systemd-timesyncd": 76_648,
                }.items()
            },
        )
        out["modules"] = self.lazy(0o755, self.updated, lambda _: {self.persona.kernel: directory(0o755, self.updated)})
        out["firmware"] = directory(0o755, self.updated)
        return out

    def libraries(self, _: random.Random) -> dict[str, Node]:
        out: dict[str, Node] = {}
        for name, size in programs.LIBRARIES.items():
            out[name] = self.program(name, size, 0o644 if name != "libc.so.6" else 0o755)
            stem, version = name.split(".so.") if ".so." in name else (name, "")
            short = f"{stem}.so.{version.partition('.')[0]}"
            if short != name:
                out[short] = symlink(name, self.package_time(name))
        out["ld-linux-x86-64.so.2"] = self.program("ld-linux-x86-64.so.2", 210_968)
        out["security"] = directory(0o755, self.package_time("pam"))
        return out

    def usr_local(self, _: random.Random) -> dict[str, Node]:
        installed = self.persona.installed_at
        out: dict[str, Node] = {
            name: directory(0o755, installed)
            for name in ("bin", "etc", "games", "include", "lib", "sbin", "share", "src")
        }
        out["man"] = symlink("share/man", installed)
        return out

    def usr_share(self, _: random.Random) -> dict[str, Node]:
        plain = (
            "bash-completion bug ca-certificates common-licenses dict fonts i18n icons info keyrings "
            "lintian locale man menu"
        )
        out: dict[str, Node] = {
            name: directory(0o755, self.package_time(name))
            for name in (*plain.split(), "misc", "perl5", "pixmaps", "zoneinfo")
        }
        out["doc"] = self.lazy(0o755, self.updated, self.docs)
        out["base-files"] = directory(0o755, self.package_time("base"))
        return out

    def docs(self, _: random.Random) -> dict[str, Node]:
        text = (
            "apt bash base-files base-passwd bsdutils bzip2 ca-certificates coreutils cron curl dash dbus debconf dpkg "
        )
        text += (
            "e2fsprogs findutils gpgv grep gzip hostname init iproute2 iputils-ping kmod less "
            "libc6 login logrotate mawk "
        )
        text += (
            "mount nano net-tools openssh-client openssh-server openssl passwd perl-base procps "
            "python3 rsyslog sed sudo "
        )
        text += "systemd sysvinit-utils tar tzdata udev util-linux vim-tiny wget xz-utils zlib1g"
        out: dict[str, Node] = {}
        for name in text.split():
            made = self.package_time(name)
            entry = directory(0o755, made)
            size = 2000 + zlib.crc32(name.encode()) % 30_000
            entry.children = {
                "changelog.Debian.gz": file(partial(etc.gzipped, name, size), 0o644, made, size=size),
                "copyright": file(etc.copyright_text(name), 0o644, made),
            }
            out[name] = entry
        return out

    def boot(self, _: random.Random) -> dict[str, Node]:
        kernel, when = self.persona.kernel, self.updated
        secret = 0o600 if self.persona.distribution == "ubuntu" else 0o644
        out: dict[str, Node] = {
            f"System.map-{kernel}": file(
                b"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n", 0o644, when
            ),
            f"config-{kernel}": file(partial(etc.kernel_config, self.persona, 259_507), 0o644, when, size=259_507),
            "grub": directory(0o755, when),
            f"initrd.img-{kernel}": image(kernel, _GZIP, 38_412_201, 0o644, when + 40),
            f"vmlinuz-{kernel}": image(kernel, _EFI_STUB, 8_160_960, secret, when),
        }
        if self.persona.distribution == "ubuntu":
            out["initrd.img"] = symlink(f"initrd.img-{kernel}", when)
            out["vmlinuz"] = symlink(f"vmlinuz-{kernel}", when)
        return out

    def etc(self, _: random.Random) -> dict[str, Node]:
        out = etc_debian.tree(self.persona, self.some_time, self.package_time)
        self.host_keys(out, self.persona.installed_at + 700)
        return out

    def home(self, _: random.Random) -> dict[str, Node]:
        return homes.people(self.persona)

    def run(self, _: random.Random) -> dict[str, Node]:
        booted = self.persona.booted_at
        plain = (
            "cryptsetup initramfs lock log mount network sendsigs.omit.d sshd sudo systemd tmpfiles.d udev user dbus"
        )
        out: dict[str, Node] = {name: directory(0o755, booted + 4) for name in plain.split()}
        out["crond.pid"] = file(b"%d\n" % etc.pid(self.persona, "cron"), 0o644, booted + 9)
        if "ssh" in (self.persona.services or SSH_ONLY):
            out["sshd.pid"] = file(b"%d\n" % etc.pid(self.persona, "sshd"), 0o644, booted + 9)
        out["utmp"] = file(b"", 0o664, booted + 30, gid=43)
        out["lock"].mode = stat.S_IFDIR | _STICKY
        return out

    def tmp(self, rng: random.Random) -> dict[str, Node]:
        booted = self.persona.booted_at
        out: dict[str, Node] = {
            name: directory(_STICKY, booted + 2) for name in (".ICE-unix", ".X11-unix", ".XIM-unix", ".font-unix")
        }
        mark = f"{rng.getrandbits(128):032x}"
        for service in ("systemd-logind", "systemd-timesyncd"):
            tail = "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=6))
            out[f"systemd-private-{mark}-{service}.service-{tail}"] = directory(0o700, booted + 5)
        return out

    def var(self, _: random.Random) -> dict[str, Node]:
        installed = self.persona.installed_at
        return {
            "backups": directory(0o755, self.some_time("backups")),
            "cache": self._plain(0o755, self.updated, ("apt", "debconf", "ldconfig", "man", "private")),
            "lib": self.lazy(0o755, self.updated, self.var_lib),
            "local": directory(0o2775, self.released, gid=50),
            "lock": symlink("/run/lock", installed),
            "log": self.lazy(
                0o775 if self.persona.distribution == "ubuntu" else 0o755,
                self.persona.booted_at,
                lambda rng: logs.tree(self.persona, self.now(), rng),
            ),
            "mail": directory(0o2775, installed, gid=8),
            "opt": directory(0o755, installed),
            "run": symlink("/run", installed),
            "spool": self.lazy(0o755, installed, self.spool),
            "tmp": directory(_STICKY, self.persona.booted_at),
            "www": self._plain(0o755, self.some_time("www"), ("html",)),
        }

    def var_lib(self, _: random.Random) -> dict[str, Node]:
        text = "apt dbus dhcp dpkg git initramfs-tools logrotate man-db misc pam polkit-1 private python sudo systemd "
        text += "ucf update-rc.d usbutils vim"
        out = {name: directory(0o755, self.some_time(name)) for name in text.split()}
        out["dpkg"].children = {
            "info": directory(0o755, self.updated),
            "status": file(etc.dpkg_status(self.persona), 0o644, self.updated),
        }
        return out

    def spool(self, _: random.Random) -> dict[str, Node]:
        installed = self.persona.installed_at
        cron = directory(0o755, installed)
        crontabs = directory(0o1730, installed, gid=etc.CRONTAB_GID)
        crontabs.children = {}
        cron.children = {"crontabs": crontabs}
        return {"cron": cron, "mail": symlink("../mail", installed), "rsyslog": directory(0o755, installed)}

    def _plain(self, mode: int, mtime: float, names: tuple[str, ...]) -> Node:
        node = directory(mode, mtime)
        node.children = {name: directory(0o755, self.some_time(name)) for name in names}
        return node
