"""The service manager hears exactly the lines of sd_notify(3), and its absence changes nothing."""

import socket

import pytest

from supervisors.sdnotify import ServiceManager


@pytest.fixture(params=["path", "abstract"])
def heard(request, tmp_path):
    """A fake manager: the environment it gives, and what it has heard since the last look."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        if request.param == "path":
            name = str(tmp_path / "notify")
            receiver.bind(name)
        else:
            receiver.bind("")  # autobind: a free abstract name
            name = "@" + receiver.getsockname()[1:].decode()

        def listen():
            try:
                return receiver.recv(4096).decode().split("\n")
            except BlockingIOError:
                return []

        yield {"NOTIFY_SOCKET": name}, listen


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda manager: manager.ready(), ["READY=1"]),
        (lambda manager: manager.ready("5 deckies"), ["READY=1", "STATUS=5 deckies"]),
        (lambda manager: manager.reloading(12.5), ["RELOADING=1", "MONOTONIC_USEC=12500000"]),
        (lambda manager: manager.stopping("bye\nREADY=1"), ["STOPPING=1", "STATUS=bye"]),
        (lambda manager: manager.status("busy"), ["STATUS=busy"]),
        (lambda manager: manager.watchdog(), ["WATCHDOG=1"]),
    ],
)
def test_each_call_is_one_datagram(heard, act, expected):
    environ, listen = heard
    act(ServiceManager(environ, pid=1))

    assert expected == listen()
    assert listen() == []


def test_without_a_manager_nothing_happens():
    manager = ServiceManager({}, pid=1)
    manager.ready()

    assert manager.watchdog_period is None


def test_a_manager_that_went_away_is_no_error(tmp_path):
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}, pid=1).ready()


def test_a_manager_that_does_not_read_is_not_waited_for(heard):
    environ, listen = heard
    manager = ServiceManager(environ, pid=1)
    for _ in range(10_000):
        manager.watchdog()

    assert listen() == ["WATCHDOG=1"]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "7"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_period_is_for_this_process_only(environ, expected):
    got = ServiceManager({"NOTIFY_SOCKET": "/run/notify", **environ}, pid=7).watchdog_period

    assert expected == got
