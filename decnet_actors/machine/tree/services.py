"""This module holds the configuration texts of ``/etc`` that do not depend on who the machine is."""

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.table import words

DEBIAN_MOTD = """
The programs included with the Debian GNU/Linux system are free software;
the exact distribution terms for each program are described in the
individual files in /usr/share/doc/*/copyright.

Debian GNU/Linux comes with ABSOLUTELY NO WARRANTY, to the extent
permitted by applicable law.
"""
UBUNTU_ENVIRONMENT = (
    'PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:/usr/local/games:/snap/bin"\n'
)
PROFILE = """# /etc/profile: system-wide .profile file for the Bourne shell (sh(1))

if [ "$(id -u)" -eq 0 ]; then
  PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
else
  PATH="/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
fi
export PATH

if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r $i ]; then
      . $i
    fi
  done
  unset i
fi
"""
BASHRC = """# System-wide .bashrc file for interactive bash(1) shells.

[ -z "$PS1" ] && return

shopt -s checkwinsize

PS1='${debian_chroot:+($debian_chroot)}\\u@\\h:\\w\\$ '
"""
SERVICES = """# Network services, Internet style
tcpmux\t\t1/tcp
echo\t\t7/tcp
echo\t\t7/udp
discard\t\t9/tcp\t\tsink null
ftp-data\t20/tcp
ftp\t\t21/tcp
ssh\t\t22/tcp
telnet\t\t23/tcp
smtp\t\t25/tcp\t\tmail
domain\t\t53/tcp
domain\t\t53/udp
tftp\t\t69/udp
http\t\t80/tcp\t\twww
pop3\t\t110/tcp\t\tpop-3
ntp\t\t123/udp
imap2\t\t143/tcp\t\timap
snmp\t\t161/tcp
https\t\t443/tcp
https\t\t443/udp
imaps\t\t993/tcp
pop3s\t\t995/tcp
mysql\t\t3306/tcp
postgresql\t5432/tcp\tpostgres
redis\t\t6379/tcp
"""
PROTOCOLS = "ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\nipv6\t41\tIPv6\nipv6-icmp 58\tIPv6-ICMP\n"
SUDOERS = b"""#
# This file MUST be edited with the 'visudo' command as root.
#
Defaults\tenv_reset
Defaults\tmail_badpass
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

root\tALL=(ALL:ALL) ALL

%sudo\tALL=(ALL:ALL) ALL

@includedir /etc/sudoers.d
"""
SKEL = {
    ".bash_logout": "# ~/.bash_logout: executed by bash(1) when login shell exits.\n\n"
    'if [ "$SHLVL" = 1 ]; then\n    [ -x /usr/bin/clear_console ] && /usr/bin/clear_console -q\nfi\n',
    ".bashrc": "# ~/.bashrc: executed by bash(1) for non-login shells.\n\ncase $- in\n    *i*) ;;\n  "
    "    *) return;;\nesac\n\n"
    "HISTCONTROL=ignoreboth\nshopt -s histappend\nHISTSIZE=1000\nHISTFILESIZE=2000\nshopt -s checkwinsize\n\n"
    "alias ls='ls --color=auto'\nalias grep='grep --color=auto'\n",
    ".profile": "# ~/.profile: executed by the command interpreter for login shells.\n\n"
    'if [ -n "$BASH_VERSION" ]; then\n    if [ -f "$HOME/.bashrc" ]; then\n\t. "$HOME/.bashrc"\n    fi\nfi\n',
}
SKEL_ROCKY = {
    ".bash_logout": "# ~/.bash_logout\n\n",
    ".bash_profile": "# .bash_profile\n\n# Get the aliases and functions\n"
    "if [ -f ~/.bashrc ]; then\n\t. ~/.bashrc\nfi\n",
    ".bashrc": "# .bashrc\n\n# Source global definitions\nif [ -f /etc/bashrc ]; then\n\t. /etc/bashrc\nfi\n",
}
CRON_DAILY = words("apt-compat dpkg logrotate man-db")
INIT_SCRIPTS = words("cron dbus hwclock.sh kmod networking procps rsyslog ssh sudo udev")


def init_script(name: str) -> bytes:
    """Return a small service script."""
    return (
        f"#! /bin/sh\n### BEGIN INIT INFO\n# Provides:          {name}\n# Required-Start:    $remote_fs $syslog\n"
        "# Required-Stop:     $remote_fs $syslog\n# Default-Start:     2 3 4 5\n# Default-Stop:\n### "
        "END INIT INFO\n\nset -e\n"
        f"DAEMON=/usr/sbin/{name}\ntest -x $DAEMON || exit 0\n\n. /lib/lsb/init-functions\n"
    ).encode()


def openrc_script(name: str) -> bytes:
    """Return a small service script of OpenRC's."""
    return (
        f'#!/sbin/openrc-run\n\nname="{name}"\ncommand="/usr/sbin/{name}"\n\ndepend() {{\n\tneed localmount\n'
        "\tafter bootmisc\n}\n"
    ).encode()


def sshd_config(persona: Persona) -> str:
    """Return the server's configuration; password log-ins are on, which is what brought the visitor here."""
    permit = "yes" if persona.distribution == "debian" else "prohibit-password"
    return (
        "# This is the sshd server system-wide configuration file.  See\n# sshd_config(5) for more information.\n\n"
        "Include /etc/ssh/sshd_config.d/*.conf\n\n#Port 22\n#AddressFamily any\n#ListenAddress 0.0.0.0\n\n"
        f"PermitRootLogin {permit}\n#StrictModes yes\n#MaxAuthTries 6\n\nPasswordAuthentication yes\n"
        "KbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\n"
        "Subsystem\tsftp\t/usr/lib/openssh/sftp-server\n"
    )


def sources(persona: Persona) -> str:
    """Return apt's list; the mirror is a local one of the installation."""
    mirror = f"http://mirror.{persona.domain}/{persona.distribution}"
    name = persona.codename
    if persona.distribution == "debian":
        return (
            f"deb {mirror} {name} main contrib non-free\ndeb {mirror} {name}-updates main contrib non-free\n"
            f"deb {mirror}-security {name}-security main contrib non-free\n"
        )
    return "".join(
        f"deb {mirror} {name}{pocket} main restricted universe multiverse\n" for pocket in ("", "-updates", "-security")
    )
