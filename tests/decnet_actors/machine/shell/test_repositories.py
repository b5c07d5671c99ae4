"""The package tools of Rocky and Alpine: what the persona has is shown, everything else is out of reach."""

import pytest

from decnet_actors.domain.facts import DownloadRequested
from tests.decnet_actors.machine.shells import machine, run

ROCKY, ALPINE = machine(distribution="rocky:9"), machine(distribution="alpine:3.19")


@pytest.mark.parametrize(
    ("host", "command", "status", "words"),
    [
        (ROCKY, "rpm -q openssh-server", 0, "openssh-server-8.7p1-38.el9.x86_64\n"),
        (ROCKY, "rpm -q nosuch nosuch2", 2, "package nosuch is not installed\npackage nosuch2 is not installed\n"),
        (ROCKY, "rpm -qa | grep ^sudo", 0, "sudo-1.9.5p2-10.el9_3.x86_64\n"),
        (ROCKY, "rpm -ivh x.rpm", 1, "error: open of x.rpm failed: No such file or directory\n"),
        (ROCKY, "dnf list installed | head -1", 0, "Installed Packages\n"),
        (ALPINE, "apk info -v busybox", 0, f"busybox-{ALPINE.persona.packages['busybox']}\n"),
        (ALPINE, "apk --version", 0, "apk-tools 2.14.4, compiled for x86_64.\n"),
        (ALPINE, "apk add curl >/dev/null; echo $?", 0, "0\n"),
        (ALPINE, "apk nosuch", 1, "apk: 'nosuch' is not an apk command. See 'apk --help'.\n"),
    ],
)
def test_what_is_installed_is_told(host, command, status, words):
    ran = run(host, command)

    assert (status, words) == (ran.status, ran.output.decode())


@pytest.mark.parametrize(
    ("host", "command", "mechanism", "words"),
    [
        (ROCKY, "yum -y install nmap", "yum", "Error: Failed to download metadata for repo 'baseos'"),
        (ROCKY, "dnf install nmap", "dnf", "Could not resolve host: mirrors.rockylinux.org"),
        (ALPINE, "apk add --no-cache nmap", "apk", "nmap (no such package):\n    required by: world[nmap]\n"),
    ],
)
def test_what_is_not_cannot_be_fetched_and_is_recorded(host, command, mechanism, words):
    ran = run(host, command)
    asked = [(fact.url, fact.mechanism) for fact in ran.facts if isinstance(fact, DownloadRequested)]

    assert words in ran.output.decode()
    assert 1 == ran.status
    assert [("package:nmap", mechanism)] == asked
