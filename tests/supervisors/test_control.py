"""This module tests the control socket: who may ask, what is answered, and that no bytes of a peer end the server."""

import asyncio
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import msgpack  # type: ignore[import-untyped]  # it publishes no stubs
import pytest
import uvloop
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisors import control, control_client
from supervisors.control import MAX_IN_FLIGHT, MAX_REQUESTS, ControlServer
from supervisors.control_client import BUSY, DEADLINE, DEFECT, DENIED, ControlClient, ControlError, ControlUnavailable
from supervisors.control_peer import ControlPeer, groups_of
from supervisors.net import PathTakenError
from supervisors.testing import ManualClock, launch


class WantedError(Exception):
    """An error an operator is told."""


class Operations:
    """What the server under test can do."""

    def __init__(self):
        self.peers: list[ControlPeer] = []
        self.cancelled = 0
        self.closed = 0
        self.produced = 0

    def call(self, name, args, peer):
        self.peers.append(peer)
        return getattr(self, name)(**args)

    async def echo(self, **args):
        return args

    async def wanted(self):
        raise WantedError

    async def defect(self):
        raise KeyError("secret detail")

    async def unencodable(self):
        return object()

    async def hang(self):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled += 1

    async def count(self, to):
        try:
            for number in range(to):
                self.produced += 1
                yield number
        finally:
            self.closed += 1

    async def breaks(self):
        yield 1
        raise WantedError

    async def quiet(self):
        try:
            await asyncio.get_running_loop().create_future()
            yield None
        finally:
            self.closed += 1


def error_of(error):
    if isinstance(error, WantedError):
        return {"code": "DN4009", "detail": "Name is taken", "why": "w", "fix": ["f"], "errors": ["e"]}
    return None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "control.sock"


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def served(path, scenario, *, new_loop=asyncio.new_event_loop, role="admin", **options):
    """Run a blocking ``scenario(operations)`` in a thread while the server serves; return what it returns."""

    async def main():
        operations = Operations()
        server = ControlServer(path, call=operations.call, role_of=lambda *_: role, error_of=error_of, **options)
        launch(server, "control")
        await server.started
        try:
            with ThreadPoolExecutor(1) as pool:
                result = await asyncio.get_running_loop().run_in_executor(pool, scenario, operations)
            assert server.exit_reason is None
            return result
        finally:
            await server.ref.stop()
            assert 0 == server.in_flight

    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


def client(path):
    return ControlClient(f"ipc://{path}")


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_call_is_answered_for_the_peer_the_kernel_names(path, new_loop):
    def scenario(operations):
        with client(path) as one:
            answers = [one.call("echo", {"n": number, "b": b"\xff"}) for number in range(100)]
        return answers, operations.peers[0]

    answers, peer = served(path, scenario, new_loop=new_loop)

    assert [{"n": number, "b": b"\xff"} for number in range(100)] == answers
    assert ControlPeer(uid=os.getuid(), gid=os.getgid(), pid=os.getpid(), role="admin") == peer


def test_an_expected_error_keeps_its_shape(path):
    def scenario(_):
        with client(path) as one, pytest.raises(ControlError) as caught:
            one.call("wanted")
        return caught.value

    error = served(path, scenario)

    assert ("DN4009", "Name is taken", "w", ("f",), ("e",)) == (
        error.code, error.detail, error.why, error.fix, error.errors
    )  # fmt: skip
    assert "DN4009: Name is taken" == str(error)


@pytest.mark.parametrize(
    ("name", "text"), [("defect", "KeyError"), ("unencodable", "TypeError"), ("nothing", "Attribute")]
)
def test_a_defect_is_told_without_its_details_and_the_server_goes_on(path, name, text):
    def scenario(_):
        with client(path) as one:
            with pytest.raises(ControlError) as caught:
                one.call(name)
            assert {} == one.call("echo")
            return caught.value

    error = served(path, scenario)

    assert DEFECT == error.code
    assert error.detail.startswith(text)
    assert "secret" not in error.detail


def test_a_call_past_its_deadline_is_cancelled(path):
    def scenario(operations):
        with client(path) as one, pytest.raises(ControlError) as caught:
            one.call("hang", timeout=0.05)
        return caught.value.code, operations

    code, operations = served(path, scenario)

    assert (DEADLINE, 1) == (code, operations.cancelled)


def test_a_stream_comes_whole_and_in_order(path):
    def scenario(operations):
        with client(path) as one:
            return list(one.stream("count", {"to": 1000})), list(one.stream("echo")), one.call("echo")

    items, single, after = served(path, scenario)

    assert list(range(1000)) == items
    assert [{}] == single
    assert {} == after


def test_a_stream_is_never_further_ahead_than_its_credit(path):
    def scenario(operations):
        with client(path) as one:
            stream = one.stream("count", {"to": 1000})
            next(stream)
            assert {} == one.call("echo")  # its answer comes after whatever the stream had sent
            produced = operations.produced
            stream.close()
            with client(path) as other:
                while not operations.closed:
                    other.call("echo")
            return produced

    assert served(path, scenario) <= control_client.CREDIT + 1


def test_a_stream_that_breaks_raises_after_its_items(path):
    def scenario(_):
        with client(path) as one:
            stream = one.stream("breaks")
            got = [next(stream)]
            with pytest.raises(ControlError, match="DN4009"):
                next(stream)
            return got

    assert [1] == served(path, scenario)


def test_calling_a_stream_is_an_error_and_cancels_it(path):
    def scenario(operations):
        with client(path) as one:
            with pytest.raises(ControlError, match="answers with a stream"):
                one.call("count", {"to": 100_000})
            while not operations.closed:
                one.call("echo")
        return operations.produced

    assert served(path, scenario) < 1000


def test_the_stream_of_a_client_that_went_away_ends(path):
    def scenario(operations):
        code = (
            "import os, sys; from supervisors.control_client import ControlClient\n"
            "one = ControlClient(sys.argv[1]); one._send('REQ', 99, {}, name='quiet'); one.call('echo'); os._exit(0)"
        )
        subprocess.run([sys.executable, "-c", code, f"ipc://{path}"], check=True)
        with client(path) as one:
            while not operations.closed:
                one.call("echo")

    served(path, scenario, beat=0.01)


class WatchedClock(ManualClock):
    """Counts how often the client looks at it, and goes ahead by ``step`` seconds each time."""

    def __init__(self, step=0.0):
        super().__init__()
        self.step = step
        self.looks = 0

    def monotonic(self):
        self.looks += 1
        self.advance(self.step)
        return super().monotonic()


def test_a_stream_that_says_nothing_is_given_up(path):
    def scenario(_):
        hasty = ControlClient(f"ipc://{path}", clock=WatchedClock(step=30))
        with hasty, pytest.raises(ControlUnavailable, match="no answer within"):
            next(hasty.stream("quiet"))

    served(path, scenario, beat=100)


def test_beats_keep_a_quiet_stream_alive(path):
    clock = WatchedClock(step=1e-6)  # as a real clock does, it goes on between two looks

    async def patient():
        for _ in range(4):
            clock.advance(control_client.SILENCE * 0.75)
            seen = clock.looks
            while clock.looks < seen + 3:  # the client has read another beat
                await asyncio.sleep(0)
        yield "at last"

    def scenario(operations):
        operations.patient = patient
        with ControlClient(f"ipc://{path}", clock=clock) as one:
            return list(one.stream("patient"))

    assert ["at last"] == served(path, scenario, beat=0.001)


def test_nobody_listening_is_told_at_once(path):
    path.parent.mkdir()
    with client(path) as one, pytest.raises(ControlUnavailable, match="nobody listens"):
        one.call("echo")


def test_a_server_that_ends_is_noticed(path):
    connected = []

    def scenario(_):
        connected.append(client(path))
        return connected[0].call("echo")

    assert {} == served(path, scenario)
    with pytest.raises(ControlUnavailable, match="nobody listens"):
        connected[0].call("echo")
    connected[0].close()


def test_who_has_no_role_does_not_get_in(path):
    def scenario(operations):
        with client(path) as one:
            with pytest.raises(ControlError) as caught:
                one.call("echo", timeout=5)
            while one._socket.poll(0, zmq.POLLOUT):  # until ZeroMQ has given the connection up
                pass
            one._send("CANCEL", 1)  # sent to nobody, without waiting
            with pytest.raises(ControlUnavailable, match="nobody listens"):
                one.call("echo")
        return caught.value.code, operations.peers

    assert (DENIED, []) == served(path, scenario, role=None)


def raw(path):
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.connect(f"ipc://{path}")
    return context, socket


def request(number, name="echo", body=b"\x80", kind="REQ", n=0, deadline=0.0):
    return [msgpack.packb([kind, number, name, n, deadline]), body]


def answer(socket):
    assert socket.poll(10_000)
    head, body = (msgpack.unpackb(frame) for frame in socket.recv_multipart())
    return head[0], head[1], body


def test_requests_at_once_are_bounded_by_connection_and_in_all(path):
    def scenario(operations):
        context, socket = raw(path)
        for number in range(MAX_IN_FLIGHT + 1):
            socket.send_multipart(request(number, "hang"))
        first = answer(socket)
        contexts = [raw(path) for _ in range(MAX_REQUESTS // MAX_IN_FLIGHT)]
        codes = []
        for _, other in contexts:
            for number in range(MAX_IN_FLIGHT):
                other.send_multipart(request(number, "hang"))
            other.send_multipart(request(0, kind="PING"))
        for _, other in contexts:
            while (got := answer(other))[0] != "PONG":
                codes.append(got[2]["code"])
        for one, _ in [(context, socket), *contexts]:
            one.destroy(linger=0)
        return first[1], first[2]["code"], codes

    number, code, codes = served(path, scenario)

    assert (MAX_IN_FLIGHT, BUSY) == (number, code)
    assert [BUSY] * MAX_IN_FLIGHT == codes


def test_odd_requests_are_refused(path):
    def scenario(operations):
        context, socket = raw(path)
        answers = []
        for frames in (
            request(1, body=b"\x01"),
            request(2, body=b"\xc1"),
            request(3, body=b"\x81\x01\x01"),
            request(4, body=b"\x81\xa1x" + b"\x91" * 5000 + b"\xc0"),
            request(5, "wanted", deadline=float("nan")),
        ):
            socket.send_multipart(frames)
            answers.append(answer(socket))
        socket.send_multipart(request(6, "hang"))
        socket.send_multipart(request(6))
        answers.append(answer(socket))
        socket.send_multipart(request(6, kind="CANCEL"))
        answers.append(answer(socket))
        socket.send_multipart(request(6, kind="CANCEL"))
        socket.send_multipart(request(6, kind="CREDIT", n=5))
        socket.send_multipart(request(7, kind="PING"))
        assert ("PONG", 7, None) == answer(socket)
        context.destroy(linger=0)
        return [(kind, number, body["code"]) for kind, number, body in answers]

    bad = control_client.BAD_REQUEST
    expected = [(1, bad), (2, bad), (3, bad), (4, bad), (5, "DN4009"), (6, bad), (6, control_client.CANCELLED)]
    assert [("ERR", number, code) for number, code in expected] == served(path, scenario)


FRAMES = st.lists(
    st.binary(max_size=64)
    | st.builds(
        lambda *parts: msgpack.packb(list(parts)),
        st.sampled_from(["REQ", "CANCEL", "CREDIT", "PING", "OK", "BEAT", "?"]),
        st.integers(-5, 2**64 - 1),
        st.sampled_from(["echo", "count", "hang", "wanted", "__init__", ""]) | st.text(max_size=200),
        st.integers(-5, 10**6),
        st.floats(),
    )
    | st.dictionaries(st.text(max_size=4), st.integers(0, 5), max_size=2).map(msgpack.packb),
    max_size=4,
)


def test_no_frames_of_a_peer_end_the_server(path):
    def scenario(operations):
        context, socket = raw(path)

        @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(FRAMES, max_size=5))
        def fuzz(messages):
            for frames in messages:
                if frames:
                    socket.send_multipart(frames)
            while socket.poll(0):
                socket.recv_multipart()

        fuzz()
        context.destroy(linger=0)
        with client(path) as one:
            return one.call("echo", {"still": "there"})

    assert {"still": "there"} == served(path, scenario)


def test_garbage_is_counted(path):
    async def main():
        server = ControlServer(path, call=Operations().call, role_of=lambda *_: "x", error_of=error_of)
        launch(server, "control")
        await server.started
        context, socket = raw(path)
        for frames in ([b""], [b"a", b"b"], [b"a", b"b", b"c"], request(1, kind="WHAT")):
            socket.send_multipart(frames)
        await until(lambda: server.garbage == 4)
        context.destroy(linger=0)
        await server.ref.stop()

    asyncio.run(main())


def test_a_message_too_big_costs_the_connection_only(path):
    def scenario(_):
        context, socket = raw(path)
        socket.send_multipart([b"x" * (control.MAX_MESSAGE + 1), b""])
        with client(path) as one:
            answer = one.call("echo")
        context.destroy(linger=0)
        return answer

    assert {} == served(path, scenario)


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_the_socket_has_its_mode_and_group(path, mode):
    def scenario(_):
        found = path.stat()
        return stat.S_IMODE(found.st_mode), found.st_gid

    assert (mode, os.getgid()) == served(path, scenario, mode=mode, group=os.getgid())


def test_a_path_serves_one_server_at_a_time(path):
    async def second():
        server = ControlServer(path, call=Operations().call, role_of=lambda *_: "x", error_of=error_of)
        launch(server, "second")
        with pytest.raises(PathTakenError):
            await server.started

    served(path, lambda _: asyncio.run(second()))
    served(path, lambda _: None)


def test_the_groups_of_a_process_are_read_unless_it_is_another_s(tmp_path):
    assert set(os.getgroups()) | {os.getgid()} == set(groups_of(os.getuid(), os.getgid(), os.getpid()))
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text("Name:\tx\nUid:\t5\t5\t5\t5\nGroups:\t1 2 3 \n")

    assert (3, 1, 2) == groups_of(5, 3, 7, proc=tmp_path)
    assert (3,) == groups_of(6, 3, 7, proc=tmp_path)
    assert (3,) == groups_of(5, 3, 8, proc=tmp_path)


def test_a_peer_survives_being_packed():
    peer = ControlPeer(uid=1, gid=2, pid=3, role="a:b")

    assert peer == ControlPeer.unpack(peer.pack().decode())


def test_the_client_stays_light():
    code = "import sys; import supervisors.control_client; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    )

    assert {"zmq", "msgpack"} <= loaded
    assert not {"asyncio", "pykka", "msgspec", "attrs", "attr", "structlog", "sqlalchemy"} & loaded
