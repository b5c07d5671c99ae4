"""This module lists the applets of a BusyBox system, and the folder each has its link in."""

from collections.abc import Mapping

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.table import words

# What makers of devices choose: enough to start, to serve and to be updated.
_DEVICE: Mapping[str, tuple[str, ...]] = {
    "bin": words("""
        ash cat chgrp chmod chown cp date dd df dmesg echo egrep false fgrep grep gunzip gzip hostname kill ln login ls
        mkdir mknod mktemp more mount mv netstat ping ping6 ps pwd rm rmdir sed sh sleep stty sync tar touch true
        umount uname usleep vi zcat
    """),
    "sbin": words("""
        adjtimex arp freeramdisk getty halt ifconfig ifdown ifup init insmod klogd logread losetup lsmod mdev modprobe
        pivot_root poweroff reboot rmmod route sulogin sysctl syslogd udhcpc vconfig watchdog
    """),
    "usr/bin": words("""
        [ [[ awk basename bunzip2 bzcat clear cmp crontab cut dirname du env expr find free ftpget ftpput fuser head
        hexdump hostid id killall killall5 last length less logger logname md5sum mesg mkfifo nc nohup nslookup od
        passwd pgrep pidof pkill printf readlink realpath renice reset seq sort strings tail tee telnet test tftp time
        top tr traceroute tty uniq unzip uptime uudecode uuencode wc wget which who whoami xargs yes
    """),
    "usr/sbin": words("brctl chroot crond dnsd ftpd httpd inetd rdate telnetd tftpd udhcpd"),
}
_ALPINE: Mapping[str, tuple[str, ...]] = {
    "bin": words("""
        arch ash base64 bbconfig busybox cat chattr chgrp chmod chown cp date dd df dmesg dnsdomainname dumpkmap echo
        ed egrep false fatattr fdflush fgrep fsync getopt grep gunzip gzip hostname ionice iostat ipcalc kbd_mode kill
        link linux32 linux64 ln login ls lsattr lzop makemime mkdir mknod mktemp more mount mountpoint mpstat mv netstat
        nice pidof ping ping6 pipe_progress printenv ps pwd reformime rev rm rmdir run-parts sed setpriv setserial sh
        sleep stat stty su sync tar touch true umount uname usleep watch zcat
    """),
    "sbin": words("""
        acpid adjtimex arp blkid blockdev depmod fbsplash fdisk findfs fsck fstrim getty halt hwclock ifconfig
        ifdown ifenslave ifup init inotifyd insmod ip ipaddr iplink ipneigh iproute iprule iptunnel klogd loadkmap
        logread losetup lsmod mdev mkdosfs mkfs.vfat mkmntdirs mkswap modinfo modprobe nameif nologin pivot_root
        poweroff raidautorun reboot rmmod route setconsole slattach swapoff swapon switch_root sysctl syslogd tunctl
        udhcpc vconfig watchdog zcip
    """),
    "usr/bin": words("""
        [ [[ awk basename bc beep blkdiscard bunzip2 bzcat bzip2 cal chvt cksum clear cmp comm cpio crontab cryptpw
        cut dc deallocvt diff dirname dos2unix du eject env expand expr factor fallocate find flock fold free fuser
        getfattr groups hd head hexdump hostid id install ipcrm ipcs killall last less logger lsof lsusb lzcat lzma
        lzopcat md5sum mesg microcom mkfifo mkpasswd nc nl nmeter nohup nproc nsenter nslookup od openvt passwd paste
        pgrep pkill pmap printf pscan pstree pwdx readlink realpath renice reset resize seq setkeycodes setsid
        sha1sum sha256sum sha3sum sha512sum showkey shred shuf sort split strings sum tac tail tee test time timeout
        top tr traceroute traceroute6 tree truncate ts tsort tty ttysize udhcpc6 unexpand uniq unix2dos unlink unlzma
        unlzop unshare unxz unzip uptime uudecode uuencode vi vlock volname wc wget which who whoami whois xargs xxd
        xzcat yes
    """),
    "usr/sbin": words("""
        add-shell addgroup adduser arping brctl chpasswd chroot crond delgroup deluser ether-wake fbset killall5
        loadfont nanddump nandwrite nbd-client ntpd partprobe rdate rdev readahead remove-shell rfkill sendmail
        setfont setlogcons
    """),
}


def applets(persona: Persona) -> Mapping[str, tuple[str, ...]]:
    """Return the applets by the folder of their links; none where the userland is another one."""
    if persona.userland != "busybox":
        return {}
    return _DEVICE if persona.embedded else _ALPINE


def shell_banner(persona: Persona) -> str:
    """Return what an interactive ash begins with; distributions have taken it out."""
    if not persona.embedded:
        return ""
    name = f"BusyBox v{version(persona)} built-in shell (ash)"
    return f"\n\n{name}\nEnter 'help' for a list of built-in commands.\n\n"


def release(persona: Persona) -> tuple[int, int]:
    """Return the release of the persona's BusyBox: 1, 35."""
    major, minor, *_ = version(persona).split(".")
    return int(major), int(minor)


def version(persona: Persona) -> str:
    """Return what follows ``BusyBox v``: version and build of the persona's BusyBox."""
    package = persona.packages.get("busybox", "1:1.35.0-4+b3")
    if persona.embedded:
        return package
    if persona.package_manager == "apk":
        built = {"3.18": "2023-05-18 15:40:39", "3.19": "2023-11-30 16:39:17"}.get(
            persona.release, "2023-11-30 16:39:17"
        )
        return f"{package.partition('-')[0]} ({built} UTC)"
    return f"{package.partition(':')[2].partition('-')[0]} ({persona.distribution.title()} {package})"
