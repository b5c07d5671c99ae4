"""Tests of entering namespaces, as far as they need no container."""

import os
import socket
import threading
from pathlib import Path

import pytest

from plugins.fleet_driver.docker import netns

ALL = "CapInh:\t0000000000000000\nCapEff:\t000001ffffffffff\n"


@pytest.fixture
def status(tmp_path):
    def written(text):
        path = tmp_path / "status"
        path.write_text(text)
        return path

    return written


def test_a_process_with_every_capability_lacks_none(status):
    assert netns.missing_capabilities(status(ALL)) == ()


@pytest.mark.parametrize(("name", "number"), sorted(netns.NEEDED.items()))
def test_a_capability_that_is_missing_is_named(status, name, number):
    text = f"Name:\tdecnetd\nCapEff:\t{0x1FFFFFFFFFF & ~(1 << number):016x}\n"

    assert (name,) == netns.missing_capabilities(status(text))


async def test_work_is_done_in_a_thread_that_ends(tmp_path):
    if os.geteuid():
        pytest.skip("entering a namespace needs root")
    home = netns.namespace_of(os.getpid())
    try:
        name = await netns.inside(home, lambda: threading.current_thread().name)
    finally:
        os.close(home)

    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(5)
    assert name not in {thread.name for thread in threading.enumerate()}


async def test_what_is_no_namespace_is_not_entered(tmp_path):
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match=r"Invalid argument|not permitted"):
        await netns.inside(file.fileno(), socket.socket)


def test_a_process_that_is_not_there_has_no_namespace():
    with pytest.raises(OSError, match=r"ns/net|No such"):
        netns.namespace_of(int(Path("/proc/sys/kernel/pid_max").read_text()) + 1)
