"""The command line over a real socket: answers, streams, errors, silence, and sockets it may not use."""

import json
import os
from pathlib import Path

import attrs
import click
import pytest

from decnet_actors.ctl import client
from decnet_actors.ctl.failure import CommandFailed
from decnet_actors.ctl.world import Settings, World
from tests.decnet_actors.ctl.canned import runner
from tests.decnet_actors.ctl.fake_control import FakeControl
from tests.decnet_actors.ctl.samples import OPERATIONS, answer

ERROR = {"code": "DN2001", "detail": "no decky is called x", "why": "", "fix": ["decnetctl decky list"], "errors": []}


@pytest.fixture
def control(tmp_path, monkeypatch):
    """The socket's path, and a function that starts a server with answers on it."""
    monkeypatch.chdir(tmp_path)  # a path short enough for a socket
    path = Path("c.sock")
    servers = []

    def serve(**answers):
        servers.append(FakeControl(path, {name.replace("__", "."): frames for name, frames in answers.items()}))
        return servers[-1]

    yield path, serve
    for server in servers:
        server.close()


@pytest.fixture
def command(capsys, control):
    run = runner(capsys)
    return lambda *words: run(*words, "--control", str(control[0]), connect=None)


def test_an_answer_is_shown(command, control):
    body = answer(OPERATIONS["decky.list"])
    server = control[1](decky__list=[("BEAT", None), ("OK", body)])
    done = command("decky", "list", "-o", "json")

    told = command("decky", "list", "-o", "json", "-v")

    assert (done.code, json.loads(done.out), done.err) == (0, body, "")
    assert told.err.startswith("decky.list on ipc://")
    assert server.heard[0] == ("REQ", "decky.list", {})


def test_a_stream_is_shown_as_it_comes_and_cancelled_when_enough_was_seen(command, control):
    items = [("ITEM", answer(OPERATIONS["event.tail"], str(number))[0]) for number in range(5)]
    server = control[1](event__tail=[*items, ("END", None)])
    enough = command("event", "tail", "-o", "jsonl", "--limit", "2")
    everything = command("event", "tail", "-o", "jsonl")
    server.close()

    assert len(enough.out.splitlines()) == 2
    assert len(everything.out.splitlines()) == 5
    assert [kind for kind, *_ in server.heard].count("CANCEL") == 1


def test_the_daemons_error_keeps_its_words_and_gets_the_catalogues_exit_code(command, control):
    control[1](decky__show=[("ERR", ERROR)])
    done = command("decky", "show", "x")

    assert done.code == 4
    assert done.err == (
        "error DN2001: no decky is called x\n"
        "  why:  No decky has that name.\n"
        "  fix:  decnetctl decky list\n"
        "  more: decnetctl errors show DN2001\n"
    )


def test_an_error_this_client_does_not_know_is_exit_1(command, control):
    control[1](decky__show=[("ERR", {**ERROR, "code": "DN9999", "why": "newer"})])
    done = command("decky", "show", "x")

    assert done.code == 1
    assert done.err.startswith("error DN9999: no decky is called x\n  why:  newer\n")
    assert "more:" not in done.err


@pytest.mark.slow  # the client grants the daemon a second of grace
def test_a_daemon_that_does_not_answer_in_time_is_exit_3(command, control):
    control[1]()
    done = command("decky", "list", "--timeout", "50ms")

    assert done.code == 3
    assert "no answer within" in done.err


@pytest.mark.skipif(os.getuid() == 0, reason="root may use every socket")
def test_a_socket_of_somebody_else_is_exit_5(command, control):
    control[1]()
    control[0].chmod(0)
    done = command("decky", "list")

    assert done.code == 5
    assert "adduser" in done.err


def test_a_forbidden_socket_says_which_group_helps():
    error = client.forbidden(Path("/run/decnet/control.sock"))

    assert error.status == 5
    assert "adduser $USER decnet" in error.body["fix"][0]


def settings(**environ):
    return Settings(world=World(environ=environ))


def test_the_socket_is_looked_for_where_daemons_put_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nowhere = client.address_of(settings(XDG_RUNTIME_DIR=str(tmp_path / "none")))
    for folder in (tmp_path / "user" / "decnet", tmp_path / "run" / "sock"):
        folder.mkdir(parents=True)
    (tmp_path / "user" / "decnet" / "control.sock").touch()
    users = client.address_of(settings(XDG_RUNTIME_DIR=str(tmp_path / "user")))
    (tmp_path / "run" / "sock" / "control.sock").touch()
    folders = client.address_of(settings(XDG_RUNTIME_DIR=str(tmp_path / "user")))

    assert nowhere == "ipc:///run/decnet/control.sock"
    assert users == f"ipc://{tmp_path}/user/decnet/control.sock"
    assert folders == f"ipc://{tmp_path}/run/sock/control.sock"


@pytest.mark.parametrize(("flag", "expected"), [("/x/y.sock", "ipc:///x/y.sock"), ("ipc:///z", "ipc:///z")])
def test_the_flag_is_a_path_or_an_address(flag, expected):
    got = client.address_of(attrs.evolve(settings(), control=flag))

    assert expected == got


def test_the_control_socket_is_on_this_machine():
    with pytest.raises(click.UsageError, match="neither"):
        client.address_of(attrs.evolve(settings(), control="tcp://h:1"))


def test_a_path_below_a_file_is_no_traceback(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CommandFailed) as caught:
        client.check_socket(f"ipc://{tmp_path}/file/control.sock")

    assert caught.value.status == 3
