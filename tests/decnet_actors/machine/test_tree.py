import stat
import time

import pytest

from decnet_actors.machine.releases import RELEASES
from decnet_actors.machine.shell.registry import PROGRAMS
from decnet_actors.machine.tree.elf import machine_of, program_name, runs_on
from tests.decnet_actors.machine.shells import NOW, machine, run

DISTRIBUTIONS = (
    "debian:11", "debian:12", "ubuntu:20.04", "ubuntu:22.04", "ubuntu:24.04", "rocky:9", "alpine:3.18", "alpine:3.19",
)  # fmt: skip
DEVICES = tuple(row.name for row in RELEASES if row.board)


def everything(files, top="/"):
    stack = [top]
    while stack:
        path = stack.pop()
        yield path
        if stat.S_ISDIR(files.stat(path, follow=False).mode):
            stack.extend(f"{path.rstrip('/')}/{name}" for name in files.list(path))


@pytest.mark.parametrize("distribution", [*DISTRIBUTIONS, *DEVICES])
def test_every_node_can_be_looked_at(distribution):
    host = machine(distribution=distribution)
    paths = list(everything(host.files))

    for path in paths:
        found = host.files.stat(path, follow=False)
        if stat.S_ISREG(found.mode):
            data = host.files.read(path)
            assert path.startswith(("/proc", "/sys")) or len(data) == found.size, path
        assert found.modified <= NOW + 1
    assert len(paths) > (300 if host.persona.userland == "busybox" else 900)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS[:5])
def test_every_surface_names_the_same_machine(distribution):
    host = machine(distribution=distribution)
    p = host.persona

    def text(path):
        return host.files.read(path).decode()

    assert text("/etc/hostname") == f"{p.hostname}\n"
    assert p.hostname in text("/etc/hosts")
    assert f'PRETTY_NAME="{p.pretty_name}"' in text("/etc/os-release")
    assert p.kernel in text("/proc/version")
    assert p.kernel_build in text("/proc/version")
    assert f"/boot/vmlinuz-{p.kernel}" in text("/proc/cmdline")
    assert p.kernel in host.files.list("/lib/modules")
    assert text("/proc/cpuinfo").count("processor\t:") == p.cpu_count
    assert p.cpu_model in text("/proc/cpuinfo")
    assert f"MemTotal: {p.memory_kib:>14} kB" in text("/proc/meminfo").replace("MemTotal:      ", "MemTotal:      ")[
        :60
    ] or str(p.memory_kib) in text("/proc/meminfo")
    assert {line.split(":")[0] for line in text("/etc/passwd").splitlines()} == {a.name for a in p.accounts}
    assert {line.split(":")[0] for line in text("/etc/shadow").splitlines()} == {a.name for a in p.accounts}
    assert stat.S_IMODE(host.files.stat("/etc/shadow").mode) == 0o640
    assert (
        run(host, "uname -snrvm").output.decode()
        == f"Linux {p.hostname} {p.kernel} {p.kernel_build} {p.architecture}\n"
    )
    assert run(host, "hostname -I").output.decode() == f"{p.address} \n"
    assert p.mac in run(host, "ip a").output.decode()
    assert text(f"/sys/class/net/{run(host, 'ls /sys/class/net').output.decode().split()[0]}/address") == f"{p.mac}\n"
    assert run(host, "nproc").output.decode() == f"{p.cpu_count}\n"
    for account in p.accounts:
        if account.shell == "/bin/bash":
            assert host.files.stat(account.home).uid == account.uid


def test_binaries_begin_as_elf_of_the_machine_and_are_the_same_on_every_install_of_a_release():
    one, two = machine(1), machine(2)
    data = one.files.read("/bin/echo")

    assert machine_of(data) == 62
    assert runs_on(data, "x86_64")
    assert not runs_on(data, "aarch64")
    assert program_name(data) == "echo"
    assert data == two.files.read("/usr/bin/echo")
    assert one.files.stat("/bin/echo").size == len(data)


def test_memory_and_uptime_move():
    host = machine()
    first = run(host, "cat /proc/uptime /proc/meminfo").output
    host.heard(NOW + 60)

    assert first != host.files.read("/proc/uptime") + host.files.read("/proc/meminfo")
    assert float(host.files.read("/proc/uptime").split()[0]) == pytest.approx(
        NOW + 60 - host.persona.booted_at, abs=0.01
    )


def test_nothing_can_be_made_in_proc():
    assert run(machine(), "touch /proc/x").output == b"touch: cannot touch '/proc/x': No such file or directory\n"


def test_what_programs_do_is_there_to_be_found():
    host = machine()
    names = {name for folder in ("/usr/bin", "/usr/sbin") for name in host.files.list(folder)}
    optional = {
        "dig", "ftpget", "ftpput", "gawk", "git", "host", "htop", "lsb_release", "nslookup", "socat", "strings",
        "telnet", "tftp", "usleep", "ftp", "bc", "diff", "rpm", "dnf", "dnf-3", "yum", "apk",
    }  # fmt: skip

    assert set() == set(PROGRAMS) - names - optional


def test_a_machine_is_cheap():
    start = time.perf_counter()
    for seed in range(5):
        machine(seed)
    spent = (time.perf_counter() - start) / 5

    assert spent < 0.2  # ten times what it takes
