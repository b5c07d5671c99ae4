"""The demonstration's attacker speaks the protocols it says, and gives up on what does not answer."""

import contextlib
import random
import socket
import socketserver
import threading

from decnet_actors.ctl import attackers, demo
from decnet_actors.ctl.world import Settings


class Target(socketserver.TCPServer):
    """A service that answers everything with one line, one visit after another, and keeps what it heard."""

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Visit)
        self.answer = answer
        self.heard = []


class Visit(socketserver.BaseRequestHandler):
    def handle(self):
        said = b""
        assert isinstance(self.server, Target)
        self.request.sendall(self.server.answer)
        with contextlib.suppress(ConnectionError):
            while data := self.request.recv(65536):
                said += data
                self.request.sendall(self.server.answer)
        self.server.heard.append(said)


def visited(answer, script):
    """Return what the script says it did, and what the service heard."""
    with Target(answer) as target:
        thread = threading.Thread(target=target.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            done = script(target.server_address, random.Random(1))
        finally:
            target.shutdown()
            thread.join()
    return done, target.heard


def test_redis_is_asked_in_its_protocol():
    answer = b"+OK\r\n"
    done, said = visited(answer, attackers.redis)

    assert done.startswith("AUTH ")
    assert said[0].startswith(b"*2\r\n$4\r\nAUTH\r\n")
    assert b"$7\r\nSLAVEOF\r\n" in said[0]


def test_http_gets_paths_then_credentials():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    _, said = visited(answer, attackers.http)

    assert [line.split(b" ")[0] for line in said] == [b"GET", b"GET", b"GET", b"GET", b"POST"]
    assert b"Authorization: Basic " in said[3]
    assert said[4].rpartition(b"\r\n\r\n")[2].startswith(b"username=")


def test_telnet_refuses_options_and_logs_in():
    answer = b"\xff\xfd\x01\xff\xfb\x03login: "
    done, said = visited(answer, attackers.telnet)
    user, password = done.split(":")

    assert said[0].startswith(b"\xff\xfc\x01\xff\xfe\x03" + user.encode() + b"\r\n")
    assert password.encode() + b"\r\n" in said[0]


def test_ssh_gives_up_on_what_is_no_ssh():
    answer = b"SSH-1.0-old\r\n"
    done, _ = visited(answer, attackers.ssh)

    assert ":" in done
    assert "opened" not in done


def test_the_demonstration_goes_on_when_a_service_is_gone(capsys):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    rows = [
        {"decky": "a", "service": service, "address": host, "port": port} for service in ("redis", "ssh", "x", "http")
    ]
    demo.attack([*rows, {**rows[0], "port": 0}], random.Random(1), Settings())
    said = capsys.readouterr().err.splitlines()

    assert {line.partition(":")[0].strip() for line in said} == {"a redis", "a ssh", "a http"}
    assert all("gave up: ConnectionRefusedError" in line for line in said)
