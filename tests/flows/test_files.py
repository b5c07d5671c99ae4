"""What is uploaded is there over every service, now and after a kill -9, and an operator can see and undo it."""

import socket
import time
from typing import Any

import asyncssh

from tests.daemon import Daemon, converse, decnetd, start

FLEET = """
[fleet.loopback]
network = "{network}"

[[decky]]
name = "box-01"
services = ["ssh", "telnet"]
bait = [{{ user = "root", secret = "bait-for-root" }}]
"""
SECRET = "bait-for-root"
UPLOAD = b"#!/bin/sh\necho owned\n" * 500  # more than fits a row


async def login(daemon: Daemon) -> asyncssh.SSHClientConnection:
    address = daemon.listeners()["box-01"]["ssh"]
    return await asyncssh.connect(
        *address, username="root", password=SECRET, known_hosts=None, client_keys=None, config=[]
    )


def over_telnet(daemon: Daemon, command: bytes) -> bytes:
    return converse(
        daemon.listeners()["box-01"]["telnet"],
        [
            (b"", b"login: "),
            (b"root\r\n", b"assword: "),
            (SECRET.encode() + b"\r\n", b"# "),
            (command + b"; echo do''ne\r\n", b"done"),
        ],
    )


def wait_for_changes(daemon: Daemon, path: str) -> list[dict[str, Any]]:
    """Return the changes of a path once the store has them."""
    deadline = time.monotonic() + 10
    found: list[dict[str, Any]] = []
    while not found:
        assert time.monotonic() < deadline
        found = daemon.ask("decky", "files", "box-01", path)
    return found


async def said(connection: asyncssh.SSHClientConnection, command: str) -> str:
    """Return what a command writes."""
    return str((await connection.run(f"{command} 2>&1")).stdout)


async def test_an_upload_is_there_over_every_service_and_after_kill_9():
    with decnetd(FLEET) as daemon:
        async with await login(daemon) as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/tmp/tool", "wb") as file:
                await file.write(UPLOAD)
            assert "/tmp/tool" in await said(connection, "ls -d /tmp/tool")
            await connection.run("mkdir /opt/x; mv /tmp/tool /opt/x/tool; rm /etc/motd; ln -s /opt/x/tool /root/t")
        rows = wait_for_changes(daemon, "/opt/x/tool")
        wait_for_changes(daemon, "/root/t")
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        async with await login(daemon) as connection, connection.start_sftp_client() as sftp:
            async with sftp.open("/opt/x/tool", "rb") as file:
                downloaded = await file.read()
            over_ssh = await said(connection, "sha256sum /root/t; ls /etc/motd")
        by_telnet = over_telnet(daemon, b"wc -c < /opt/x/tool")

        assert str(UPLOAD) == str(downloaded)
        assert "No such file" in over_ssh
        assert rows[0]["sha256"] in over_ssh
        assert str(len(UPLOAD)).encode() in by_telnet
        assert ("attacker", "127.0.0.1", True) == (rows[0]["hand"], rows[0]["source"], rows[0]["live"])
        assert rows[0]["session"] in {row["id"] for row in daemon.ask("session", "list")}


async def test_an_operator_puts_files_back_and_that_lasts():
    with decnetd(FLEET) as daemon:
        async with await login(daemon) as connection:
            await connection.run("echo hacked > /etc/motd; echo x > /tmp/mine; rm -r /etc/ssh")
            wait_for_changes(daemon, "/tmp/mine")
            put_back = daemon.ask("decky", "restore", "box-01", "/etc", "--yes")
            here = await said(connection, "cat /etc/motd; ls /etc/ssh /tmp/mine")
        daemon.kill()
        daemon.process = start(daemon.home, daemon.config).process
        async with await login(daemon) as connection:
            after = await said(connection, "cat /etc/motd; ls /etc/ssh /tmp/mine")

        assert put_back["undone"] >= 3
        assert here == after
        assert "hacked" not in here
        assert "sshd_config" in here
        assert "/tmp/mine" in here
        assert "decky.restore" in {row["operation"] for row in daemon.ask("audit", "list")}
        assert "no decky is called" in daemon.ctl("decky", "restore", "bix-01", "--yes", code=4)


async def test_attackers_kept_apart_do_not_see_one_anothers_files():
    isolated = FLEET.replace('name = "box-01"', 'name = "box-01"\nisolate = "source"')
    with decnetd(isolated) as daemon:
        address = daemon.listeners()["box-01"]["ssh"]
        async with await login(daemon) as connection:
            await connection.run("echo x > /tmp/mine")
            with socket.create_connection(address, 5):
                other = await asyncssh.connect(
                    *address,
                    username="root",
                    password=SECRET,
                    known_hosts=None,
                    client_keys=None,
                    config=[],
                    local_addr=("127.0.0.2", 0),
                )
            async with other:
                assert "mine" not in await said(other, "ls /tmp")
            assert "mine" in await said(connection, "ls /tmp")
