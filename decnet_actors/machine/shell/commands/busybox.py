"""This module holds busybox: applets by name, its list, and what it says of one it does not have."""

import textwrap
from collections.abc import Mapping, Sequence

from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import Work
from decnet_actors.machine.table import words
from decnet_actors.machine.tree.applets import applets, version

# The applets of Debian's busybox package.
APPLETS = words("""
[ [[ acpid adjtimex ar arch arp arping ascii ash awk base64 basename bc blkdiscard blkid blockdev brctl bunzip2
busybox bzcat bzip2 cal cat chgrp chmod chown chpasswd chroot chvt clear cmp cp cpio crc32 crond crontab cttyhack cut
date dc dd deallocvt depmod devmem df diff dirname dmesg dnsdomainname dos2unix dpkg dpkg-deb du dumpkmap dumpleases
echo ed egrep env expand expr factor fallocate false fatattr fdisk fgrep find findfs fold free freeramdisk fsfreeze
fstrim ftpget ftpput getopt getty grep groups gunzip gzip halt head hexdump hostid hostname httpd hwclock i2cdetect
i2cdump i2cget i2cset id ifconfig ifdown ifup init insmod ionice ip ipcalc ipcs kill killall klogd last less link
linux32 linux64 linuxrc ln loadfont loadkmap logger login logname logread losetup ls lsmod lsscsi lzcat lzma lzop
md5sum mdev microcom mim mkdir mkdosfs mke2fs mkfifo mknod mkpasswd mkswap mktemp modinfo modprobe more mount mt mv
nameif nbd-client nc netstat nl nologin nproc nsenter nslookup nuke od openvt partprobe paste patch pidof ping ping6
pivot_root poweroff printf ps pwd rdate readlink realpath reboot renice reset resume rev rm rmdir rmmod route rpm
rpm2cpio run-init run-parts sed seq setkeycodes setpriv setsid sh sha1sum sha256sum sha3sum sha512sum shred shuf sleep
sort ssl_client start-stop-daemon stat strings stty su svc svok swapoff swapon switch_root sync sysctl syslogd tac
tail tar taskset tee telnet test tftp time timeout top touch tr traceroute traceroute6 true truncate ts tty tunctl
ubirename udhcpc udhcpd uevent umount uname uncompress unexpand uniq unix2dos unlink unlzma unshare unxz unzip uptime
usleep uudecode uuencode vconfig vi w watch watchdog wc wget which who whoami xargs xxd xz xzcat yes zcat
""")


def banner(ctx: Context) -> str:
    """Return the first line of every busybox text."""
    return f"BusyBox v{version(ctx.persona)} multi-call binary"


def built_in(ctx: Context) -> Sequence[str]:
    """Return the names of the applets this machine's busybox has."""
    return sorted({name for names in applets(ctx.persona).values() for name in names}) or APPLETS


def busybox(ctx: Context) -> Work:
    """Run an applet, list them, or say there is none of that name."""
    if not ctx.args or ctx.args[0] == "--help":
        listed = textwrap.fill(
            ", ".join(built_in(ctx)), 71, initial_indent="\t", subsequent_indent="\t", break_on_hyphens=False
        )
        ctx.out(
            f"{banner(ctx)}.\nBusyBox is copyrighted by many authors between 1998-2015.\nLicensed under "
            "GPLv2. See source distribution for detailed\n"
            "copyright notices.\n\nUsage: busybox [function [arguments]...]\n   or: busybox --list[-full]\n"
            "   or: busybox --install [-s] [DIR]\n   or: function [arguments]...\n\n"
            "\tBusyBox is a multi-call binary that combines many common Unix\n\tutilities into a single "
            "executable.  Most people will create a\n"
            "\tlink to busybox for each function they wish to use and BusyBox\n\twill act like whatever "
            "it was invoked as.\n\n"
            f"Currently defined functions:\n{listed}\n"
        )
        return 0
    if ctx.args[0] == "--list":
        ctx.out("".join(f"{name}\n" for name in built_in(ctx)))
        return 0
    name = ctx.args[0].rpartition("/")[2]
    if name not in built_in(ctx):
        ctx.err(f"{ctx.args[0]}: applet not found\n")
        return 127
    return (yield from ctx.evaluator.launcher.applet(ctx.sh, [name, *ctx.args[1:]], name))


COMMANDS: Mapping[str, Function] = {"busybox": busybox}
