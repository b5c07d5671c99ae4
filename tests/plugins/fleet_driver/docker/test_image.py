"""Tests of what is read of an image, and of what visitors left in a container."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.inside import File
from decnet_actors.domain.persona import Account
from plugins.fleet_driver.docker.image import system_of
from plugins.fleet_driver.docker.inside import files_of

KERNEL = ("6.1.0-18-amd64", "#1 SMP", "x86_64")
PASSWD = b"root:x:0:0:root:/root:/bin/bash\nno line\nsvc:x:998:998::/srv:\n+nis:::::\n"


def test_accounts_and_system_are_those_of_the_image():
    system = system_of(PASSWD, b"# it\nID=ubuntu\nVERSION_ID=\"22.04\"\nPRETTY_NAME='Ubuntu 22.04.3 LTS'\n", KERNEL)

    assert ("ubuntu", "22.04", "Ubuntu 22.04.3 LTS") == (system.distribution, system.release, system.name)
    assert (system.kernel, system.kernel_build, system.architecture) == KERNEL
    assert system.accounts == (
        Account(name="root", uid=0, gid=0, home="/root", shell="/bin/bash", comment="root"),
        Account(name="svc", uid=998, gid=998, home="/srv", shell="/bin/sh"),
    )


def test_an_image_may_say_nothing():
    system = system_of(b"", b"", KERNEL)

    assert ("", "", ()) == (system.distribution, system.release, system.accounts)


@given(st.binary(max_size=500), st.binary(max_size=500))
def test_whatever_an_image_holds_is_read(passwd, release):
    assert system_of(passwd, release, KERNEL).kernel == KERNEL[0]


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"tmp/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("tmp/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/shadow"
        tar.addfile(link)
    return made.getvalue()


def test_regular_files_are_found_and_what_is_too_large_is_left_out():
    found = files_of(packed(small=b"x", large=bytes(5000), last=b"yy"), 4000)

    assert [File(path="/tmp/small", data=b"x"), File(path="/tmp/last", data=b"yy")] == found


@pytest.mark.parametrize("keep", [0, 1, 511, 513, 1024, 1500])
def test_an_archive_that_is_cut_off_gives_what_is_whole(keep):
    archive = packed(a=b"x" * 400, b=b"y" * 600)[:keep]

    assert {file.path for file in files_of(archive, 10_000)} <= {"/tmp/a"}


@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_whatever_a_visitor_calls_an_archive_is_read_within_the_limit(data, at):
    archive = packed(a=b"x" * 400, b=b"y" * 600)
    found = files_of(archive[:at] + data + archive[at:], 1000)

    assert sum(len(file.data) for file in found) <= 1000
