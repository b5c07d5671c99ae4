"""This module builds the base tree of Rocky Linux: rpm and dnf, lib64, SELinux, no alternatives of Debian's."""

import random

from decnet_actors.machine.node import Node, directory, file, symlink
from decnet_actors.machine.persona import full_point
from decnet_actors.machine.table import words
from decnet_actors.machine.tree import etc, homes, kernel, logs, programs, services, users
from decnet_actors.machine.tree.builder import Builder, image, put
from decnet_actors.machine.tree.proc import proc
from decnet_actors.machine.tree.storage import swap

_STICKY = 0o1777
_GZIP, _EFI_STUB = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", b"MZ\xea\x07\x00\xc0\x07\x8c"
# What only Debian's packages have.
_NOT_HERE = frozenset(words("""
    apt apt-cache apt-get apt-key apt-mark dpkg dpkg-deb dpkg-query deb-systemd-helper update-alternatives ucf
    run-parts savelog select-editor ischroot tempfile which.debianutils nc.openbsd nc.traditional vim.tiny mawk dash
    lesspipe adduser addgroup deluser delgroup update-rc.d invoke-rc.d installkernel shadowconfig pam-auth-update
    netplan ufw dhclient cron start-stop-daemon vcstime tzconfig ifup ifdown mkhomedir_helper c_rehash busybox
    init depmod insmod lsmod modinfo modprobe rmmod halt poweroff reboot runlevel shutdown telinit getty awk
"""))  # fmt: skip
_BIN = {"rpm": 27_880, "dnf-3": 2_098, "gawk": 712_040, "python3.9": 15_440, "which": 28_584, "nc": 41_608,
        "lsb_release": 3_638, "update-alternatives": 39_800, "vi": 1_213_808, "dbus-broker-launch": 146_208,
        "systemd-analyze": 211_656, "write": 22_880, "kmod": 174_424, "[": 56_320}  # fmt: skip
_BIN_LINKS = {
    "awk": "gawk", "sh": "bash", "dnf": "dnf-3", "yum": "dnf-3", "python3": "python3.9", "lastb": "last",
    "pkill": "pgrep", "view": "vi", "netcat": "nc", "dnsdomainname": "hostname", "domainname": "hostname",
    "nisdomainname": "hostname", "ypdomainname": "hostname", "bzcat": "bunzip2", "sg": "newgrp", "reset": "tset",
    "lsmod": "../sbin/lsmod", "ex": "vi",
}  # fmt: skip
_SBIN_LINKS = {
    **dict.fromkeys(("depmod", "insmod", "lsmod", "modinfo", "modprobe", "rmmod"), "../bin/kmod"),
    **dict.fromkeys(("halt", "poweroff", "reboot", "runlevel", "shutdown", "telinit"), "../bin/systemctl"),
    "init": "../lib/systemd/systemd", "adduser": "useradd", "fsck.ext4": "e2fsck", "vigr": "vipw",
    "mkfs.ext4": "mke2fs", "udevd": "../bin/udevadm",
}  # fmt: skip


class RockyLayout(Builder):
    """Builds the root file system of Rocky."""

    def root(self) -> Node:
        """Return the root directory."""
        p, booted, installed = self.persona, self.persona.booted_at, self.persona.installed_at
        root = directory(0o555, installed + 3600)
        root.inode = 128  # of an XFS root
        root.children = {
            **{name: symlink(f"usr/{name}", installed) for name in ("bin", "sbin", "lib", "lib64")},
            "afs": directory(0o755, self.released),
            "boot": self.lazy(0o555, self.updated, self.boot),
            "dev": self.lazy(0o755, booted, lambda _: kernel.devices(p)),
            "etc": self.lazy(0o755, booted + 12, self.etc),
            "home": self.lazy(0o755, installed + 600, lambda _: homes.people(p)),
            "media": directory(0o755, self.released),
            "mnt": directory(0o755, self.released),
            "opt": directory(0o755, self.released),
            "proc": self.lazy(0o555, booted, lambda _: proc(p, self.now)),
            "root": self.lazy(0o550, self.some_time("root"), lambda _: homes.root(p)),
            "run": self.lazy(0o755, booted + 30, self.run),
            "srv": self.srv(self.released),
            "sys": self.lazy(0o555, booted, lambda _: kernel.sysfs(p)),
            "tmp": self.lazy(_STICKY, booted + 60, self.tmp),
            "usr": self.lazy(0o755, installed, self.usr),
            "var": self.lazy(0o755, installed + 60, self.var),
        }
        root.children["proc"].virtual = root.children["sys"].virtual = True
        self.number_all(root.children, "/")
        return root

    def boot(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/boot``."""
        version, when = self.persona.kernel, self.updated
        return {
            **self.folders("efi grub2 loader"),
            f"System.map-{version}": image(version, b"0000000000000000 D __per_cpu_start\n", 8_574_100, 0o600, when),
            f"config-{version}": file(lambda: etc.kernel_config(self.persona, 226_249), 0o644, when, size=226_249),
            f"initramfs-{version}.img": image(version, _GZIP, 33_281_400, 0o600, when + 40),
            f"vmlinuz-{version}": image(version, _EFI_STUB, 13_605_704, 0o755, when),
        }

    def usr(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr``."""
        released = self.released
        return {
            "bin": self.lazy(0o555, self.updated, self.usr_bin),
            "games": directory(0o755, released),
            "include": directory(0o755, released),
            "lib": self.lazy(0o555, self.updated, self.usr_lib),
            "lib64": self.lazy(0o555, self.updated, self.libraries),
            "libexec": self.lazy(0o755, self.updated, self.libexec),
            "local": self.lazy(
                0o755, released, lambda _: self.folders("bin etc games include lib lib64 sbin share src")
            ),
            "sbin": self.lazy(0o555, self.updated, self.usr_sbin),
            "share": self.lazy(0o755, self.updated, self.share),
            "src": directory(0o755, released),
            "tmp": symlink("../var/tmp", released),
        }

    def usr_bin(self, rng: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/bin``."""
        out: dict[str, Node] = {}
        for name, size in {**programs.BIN, **_BIN}.items():
            if (name in _NOT_HERE and name not in _BIN) or (name in programs.OPTIONAL and rng.random() < 0.5):  # noqa: PLR2004  not every server has it
                continue
            out[name] = self.program(name, size, 0o4755 if name in programs.SETUID else 0o755)
        out |= {name: symlink(target, self.package_time(name)) for name, target in _BIN_LINKS.items()}
        return {**out, **self.serving("/usr/bin/", out)}

    def usr_sbin(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/sbin``."""
        out = {name: self.program(name, size) for name, size in programs.SBIN.items() if name not in _NOT_HERE}
        out |= {name: self.program(name, size) for name, size in {"mke2fs": 138_248, "auditd": 141_200}.items()}
        out |= {name: symlink(target, self.package_time(name)) for name, target in _SBIN_LINKS.items()}
        return {**out, **self.serving("/usr/sbin/", out), **self.serving("/sbin/", out)}

    def usr_lib(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/lib``."""
        parts = {"systemd": 100_208, "systemd-journald": 182_800, "systemd-logind": 268_864, "systemd-udevd": 598_400}
        return {
            **self.folders("dracut firmware kernel locale modprobe.d modules-load.d rpm sysctl.d tmpfiles.d udev"),
            "modules": self.lazy(0o755, self.updated, lambda _: {self.persona.kernel: directory(0o755, self.updated)}),
            "os-release": file(etc.os_release(self.persona), 0o644, self.package_time("base")),
            "systemd": self.lazy(
                0o755,
                self.package_time("systemd"),
                lambda _: {name: self.program(name, size) for name, size in parts.items()},
            ),
        }

    def libexec(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/libexec``."""
        openssh = directory(0o755, self.package_time("openssh"))
        openssh.children = {"sftp-server": self.program("sftp-server", 113_600)}
        return {**self.folders("dbus-1 git-core sudo utempter"), "openssh": openssh}

    def libraries(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/lib64``."""
        out: dict[str, Node] = {}
        for name, size in programs.LIBRARIES.items():
            stem, _dot, version = name.partition(".so.")
            short = f"{stem}.so.{version.partition('.')[0]}"
            if stem != "libapt-pkg":
                out[name] = self.program(name, size)
                if short != name:
                    out[short] = symlink(name, self.package_time(name))
        out["ld-linux-x86-64.so.2"] = self.program("ld-linux-x86-64.so.2", 855_080)
        return {**out, **self.folders("security python3.9 girepository-1.0")}

    def share(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/usr/share``."""
        names = "bash-completion dbus-1 dict empty.sshd groff i18n icons info licenses locale man misc pki zoneinfo"
        doc = directory(0o755, self.updated)
        doc.children = self.folders(" ".join(self.persona.packages))
        return {**self.folders(names), "doc": doc}

    def etc(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/etc``."""
        p, nic, name, installed = (
            self.persona,
            etc.interface(self.persona),
            self.persona.hostname,
            self.persona.installed_at,
        )
        point = full_point(p)
        release = f"Rocky Linux release {point} ({p.codename})\n"
        swaps = f"UUID={etc.uuid(p, 'swap')} none                    swap    defaults        0 0\n" if swap(p) else ""
        connection = (
            f"[connection]\nid={nic}\nuuid={etc.uuid(p, 'nic')}\ntype=ethernet\ninterface-name={nic}\n\n[ipv4]\n"
            f"address1={p.address}/24,{etc.gateway(p)}\ndns={etc.gateway(p)};\nmethod=manual\n"
        )
        texts = {
            "hostname": f"{name}\n",
            "hosts": "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
            f"::1         localhost localhost.localdomain localhost6 localhost6.localdomain6\n{p.address}   "
            f"{name}.{p.domain} {name}\n",
            "issue": "\\S\nKernel \\r on an \\m\n\n",
            "issue.net": "\\S\nKernel \\r on an \\m\n",
            "rocky-release": release,
            "system-release-cpe": "cpe:/o:rocky:rocky:9::baseos\n",
            "machine-id": f"{etc.uuid(p, 'machine-id').replace('-', '')}\n",
            "resolv.conf": f"# Generated by NetworkManager\nsearch {p.domain}\nnameserver {etc.gateway(p)}\n",
            "fstab": f"UUID={etc.uuid(p, 'root')} /                       xfs     defaults        0 0\n{swaps}",
            "crontab": "SHELL=/bin/bash\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\nMAILTO=root\n",
            "shells": "/bin/sh\n/bin/bash\n/usr/bin/sh\n/usr/bin/bash\n",
            "profile": services.PROFILE,
            "bashrc": '# /etc/bashrc\n\nif [ "$PS1" ]; then\n  PS1="[\\u@\\h \\W]\\\\$ "\nfi\n',
            "services": services.SERVICES,
            "protocols": services.PROTOCOLS,
            "motd": "",
            "nsswitch.conf": "passwd:     sss files systemd\nshadow:     files\ngroup:      sss files systemd\n"
            "hosts:      files dns myhostname\n",
            "locale.conf": 'LANG="en_US.UTF-8"\n',
            "selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
            "sysconfig/network": "# Created by anaconda\n",
            f"NetworkManager/system-connections/{nic}.nmconnection": connection,
            "dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n",
            "yum.repos.d/rocky.repo": f"[baseos]\nname=Rocky Linux $releasever - BaseOS\n"
            f"baseurl=http://mirror.{p.domain}/rocky/$releasever/BaseOS/$basearch/os/\ngpgcheck=1\nenabled=1\n",
            "ssh/sshd_config": services.sshd_config(p).replace("/usr/lib/openssh", "/usr/libexec/openssh"),
        }
        names = (
            "X11 alternatives audit chrony.d cron.d cron.daily cron.hourly cron.monthly cron.weekly default "
            "dracut.conf.d firewalld gnupg init.d kernel ld.so.conf.d logrotate.d modprobe.d pam.d pki profile.d "
            "rc.d rpm rsyslog.d security skel ssl sudoers.d sysctl.d systemd tmpfiles.d tuned udev xdg"
        )
        out = self.folders(names)
        for path, text in texts.items():
            put(out, path, file(text.encode(), 0o644, self.some_time(f"etc/{path}")))
        for alias in ("redhat-release", "system-release"):
            out[alias] = symlink("rocky-release", self.package_time("rocky"))
        out |= users.files(p, self.some_time("accounts"))
        out["sudoers"] = file(services.SUDOERS.replace(b"%sudo", b"%wheel"), 0o440, self.package_time("sudo"))
        out["localtime"] = symlink(f"../usr/share/zoneinfo/{p.timezone}", installed)
        out["os-release"] = symlink("../usr/lib/os-release", self.package_time("base"))
        out["mtab"] = symlink("../proc/self/mounts", installed)
        self.host_keys(out, installed + 700, mode=0o640, gid=101)
        for skeleton, text in services.SKEL_ROCKY.items():
            put(out, f"skel/{skeleton}", file(text.encode(), 0o644, self.package_time("bash")))
        return out

    def run(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/run``."""
        booted = self.persona.booted_at
        out = self.folders(
            "NetworkManager chrony console cryptsetup dbus faillock lock log mount sudo systemd udev user"
        )
        for program, path in (("crond", "crond.pid"), ("sshd", "sshd.pid"), ("auditd", "auditd.pid")):
            if number := etc.pid(self.persona, program):
                out[path] = file(b"%d\n" % number, 0o644, booted + 9)
        out["utmp"] = file(b"", 0o664, booted + 30, gid=22)
        return out

    def tmp(self, rng: random.Random) -> dict[str, Node]:
        """Return the children of ``/tmp``."""
        mark = f"{rng.getrandbits(128):032x}"
        names = [".ICE-unix", ".X11-unix", ".XIM-unix", ".font-unix"]
        out = {name: directory(_STICKY, self.persona.booted_at + 2) for name in names}
        for service in ("chronyd", "systemd-logind"):
            tail = "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=6))
            private = f"systemd-private-{mark}-{service}.service-{tail}"
            out[private] = directory(0o700, self.persona.booted_at + 5)
        return out

    def var(self, _: random.Random) -> dict[str, Node]:
        """Return the children of ``/var``."""
        p, installed = self.persona, self.persona.installed_at
        lib, cache, spool = directory(0o755, self.updated), directory(0o755, self.updated), directory(0o755, installed)
        lib.children = self.folders(
            "NetworkManager chrony dbus dnf games logrotate misc rpm rsyslog selinux systemd tuned"
        )
        cache.children = self.folders("dnf ldconfig man private")
        spool.children = {
            **self.folders("anacron lpd mail plymouth"), "cron": directory(0o700, installed),
        }  # fmt: skip
        web = directory(0o755, self.some_time("www"))
        web.children = self.folders("cgi-bin html")
        return {
            **self.folders("adm crash db empty ftp games kerberos local nis opt preserve yp"),
            "cache": cache,
            "lib": lib,
            "lock": symlink("../run/lock", installed),
            "log": self.lazy(0o755, p.booted_at, lambda rng: logs.tree(p, self.now(), rng)),
            "mail": symlink("spool/mail", installed),
            "run": symlink("../run", installed),
            "spool": spool,
            "tmp": directory(_STICKY, p.booted_at),
            "www": web,
        }
