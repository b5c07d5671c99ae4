"""This module tests the bus between processes: the same sequence as inside, gaps noticed, a policy that holds."""

import asyncio
import itertools
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
import uvloop
import zmq
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from supervisors import broker as broker_module
from supervisors.broker import Broker
from supervisors.bus import Bus, Envelope
from supervisors.bus_client import BusClient, BusUnavailableError
from supervisors.bus_wire import WireError, inlet, outlet, pack_envelope, pack_offer, unpack_envelope, unpack_offer
from supervisors.net import PathTakenError
from supervisors.testing import ManualClock, launch
from supervisors.topics import TopicError


def make_bus():
    numbers = itertools.count(1)
    return Bus(clock=ManualClock(), host="here", new_id=lambda: f"id-{next(numbers)}")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "bus"


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def start(bus, folder, **options):
    broker = Broker(bus, folder, **options)
    launch(broker, "broker")
    await broker.started
    return broker


async def stop(broker):
    await broker.ref.stop()


@frozen(kw_only=True)
class Seen:
    user: str
    secret: bytes


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_local_and_a_zeromq_subscriber_see_the_same_sequence(folder, new_loop):
    async def scenario():
        bus, patterns = make_bus(), ("attacker.>", "decky.*.up")
        local: list[Envelope] = []
        broker = await start(bus, folder)
        with BusClient(folder) as client, ThreadPoolExecutor(1) as pool:
            bus.subscribe(patterns, local.append)
            for pattern in patterns:
                client.subscribe(pattern)
            await until(lambda: broker.prefixes == {b"attacker.", b"decky."})
            for number in range(500):
                bus.publish("attacker.seen", Seen(user="root", secret=b"\xff%d" % number))
                bus.publish("decky.web.up", number)
                bus.publish("decky.web.down", number)  # neither pattern
                bus.publish("other.root", number)

            def receive():
                return [client.receive(10) for _ in range(1000)]

            remote = await asyncio.get_running_loop().run_in_executor(pool, receive)
            assert 0 == client.gaps.gaps
        await stop(broker)
        assert 1500 == bus.stats().remote
        return local, remote

    with asyncio.Runner(loop_factory=new_loop) as runner:
        local, remote = runner.run(scenario())

    def fields(env):
        return env.v, env.id, env.seq, env.prev, env.topic, env.ts, env.host

    assert [fields(env) for env in local] == [fields(env) for env in remote]
    assert {"user": "root", "secret": b"\xff0"} == remote[0].payload
    assert [msgspec.to_builtins(env.payload, builtin_types=(bytes,)) for env in local] == [
        env.payload for env in remote
    ]


async def test_a_slow_process_finds_its_losses(folder):
    bus = make_bus()
    broker = await start(bus, folder, high_water=10)
    with BusClient(folder, high_water=10) as client:
        client.subscribe("a.>")
        await until(lambda: broker.prefixes)
        for _ in range(20_000):  # far more than both queues and the kernel's buffers hold
            bus.publish("a.b", "x" * 200)
        got = []
        while (env := client.receive(0.2)) is not None:
            got.append(env.seq)
        await asyncio.sleep(0)
        bus.publish("a.last", None)
        last = client.receive(10)

        assert last is not None
        missing = last.seq - len(got) - 1
        assert missing > 0
        assert client.gaps.gaps >= 1
    await stop(broker)


async def test_a_restart_of_the_broker_keeps_local_subscribers_and_shows_as_a_gap(folder):
    bus, local = make_bus(), []
    bus.subscribe("a.>", lambda env: local.append(env.seq))
    with BusClient(folder) as client, ThreadPoolExecutor(1) as pool:
        loop = asyncio.get_running_loop()
        broker = await start(bus, folder)
        client.subscribe("a.b")
        await until(lambda: broker.prefixes)
        bus.publish("a.b", None)
        first = await loop.run_in_executor(pool, client.receive, 10)
        broker.kill()
        await until(lambda: broker.exit_reason is not None)
        bus.publish("a.b", None)
        broker = await start(bus, folder)
        receiving = loop.run_in_executor(pool, client.receive, 10)  # a client subscribes anew while it reads
        await until(lambda: broker.prefixes)
        bus.publish("a.b", None)
        second = await receiving
        await stop(broker)

        assert first is not None
        assert second is not None
        assert (1, 3) == (first.seq, second.seq)
        assert 1 == client.gaps.gaps
    assert [1, 2, 3] == local


async def test_other_processes_publish_only_what_the_policy_allows(folder):
    bus = make_bus()
    got: list[Envelope] = []
    bus.subscribe(">", got.append)
    broker = await start(bus, folder, allow=lambda topic: topic.startswith("sensor."))
    with BusClient(folder) as client, ThreadPoolExecutor(1) as pool:

        def publish():
            client.publish("attacker.seen", {"forged": True})
            client.publish("sensor.temperature", {"degrees": 21})

        await asyncio.get_running_loop().run_in_executor(pool, publish)
        await until(lambda: got)
        with pytest.raises(TopicError):
            client.publish("not a topic", None)
    await stop(broker)

    assert [("sensor.temperature", {"degrees": 21}, 1, "here")] == [(e.topic, e.payload, e.seq, e.host) for e in got]
    assert 1 == bus.stats().refused


async def test_by_default_other_processes_publish_nothing(folder):
    bus = make_bus()
    broker = await start(bus, folder)
    with BusClient(folder) as client, ThreadPoolExecutor(1) as pool:
        await asyncio.get_running_loop().run_in_executor(pool, client.publish, "a.b", None)
        await until(lambda: bus.stats().refused)
    await stop(broker)

    assert 0 == bus.stats().published


async def test_garbage_is_refused_and_nothing_crashes(folder):
    bus = make_bus()
    got: list[Envelope] = []
    bus.subscribe(">", got.append)
    broker = await start(bus, folder, allow=lambda _: True)
    context = zmq.Context()
    socket = context.socket(zmq.XPUB)
    socket.connect(f"ipc://{inlet(folder)}")
    await until(lambda: socket.poll(0))
    nested = b"\x91" * 5000 + b"\xc0"
    garbage = [
        [b""],
        [b"a."],
        [b"a", b"\xc0"],
        [b"a.\xff.", b"\xc0"],
        [b"a.", b"\xc1"],
        [b"a.", b"\xc0", b""],
        [b"a.", nested],
    ]
    for frames in garbage:
        socket.send_multipart(frames)
    socket.send_multipart(pack_offer("a.b", "good"))
    await until(lambda: got)

    assert ["good"] == [env.payload for env in got]
    assert len(garbage) == bus.stats().refused
    assert broker.exit_reason is None
    context.destroy(linger=0)
    await stop(broker)


async def test_one_root_too_many_is_refused(folder):
    bus = make_bus()
    for number in range(1024):
        bus.publish(f"r{number}.x", None)
    broker = await start(bus, folder, allow=lambda _: True)
    broker._offered(list(pack_offer("one.more", None)))

    assert 1 == bus.stats().refused
    await stop(broker)


async def test_sockets_are_private_and_the_folder_serves_one_broker(folder):
    broker = await start(make_bus(), folder)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, outlet(folder), inlet(folder))]
    second = Broker(make_bus(), folder)
    launch(second, "second")

    assert [0o700, 0o600, 0o600] == modes
    with pytest.raises(PathTakenError):
        await second.started
    await stop(broker)
    await stop(await start(make_bus(), folder))


async def test_what_nobody_wants_is_not_even_encoded(folder):
    bus = make_bus()
    encoded: list[object] = []

    def encode(payload):
        encoded.append(payload)
        return payload

    broker = await start(bus, folder, encode=encode)
    with BusClient(folder) as client:
        client.subscribe("wanted.>")
        await until(lambda: broker.prefixes)
        bus.publish("unwanted.x", 1)
        bus.publish("wanted.x", 2)
    await until(lambda: not broker.prefixes)
    bus.publish("wanted.x", 3)
    await stop(broker)
    bus.publish("wanted.x", 4)

    assert [2] == encoded


async def test_beyond_many_prefixes_everything_is_sent(folder):
    broker = await start(make_bus(), folder)
    for number in range(broker_module.MAX_PREFIXES + 1):
        broker._subscribed(b"\x01p%d." % number)
    broker._subscribed(b"neither")

    assert {b""} == broker.prefixes
    await stop(broker)


def test_a_client_without_a_broker_says_so(folder):
    with BusClient(folder) as client:
        client.subscribe("*.b")
        client.subscribe(">")
        with pytest.raises(BusUnavailableError, match="no broker answers"):
            client.publish("a.b", None, within=0.05)
        assert client.receive(0) is None


async def test_a_client_can_be_iterated(folder):
    bus = make_bus()
    broker = await start(bus, folder)
    got: list[int] = []
    with BusClient(folder) as client:
        client.subscribe("a.x")
        await until(lambda: broker.prefixes)

        def read():
            got.extend(env.seq for env, _ in zip(client, range(2), strict=False))

        thread = threading.Thread(target=read)
        thread.start()
        for topic in ("a.x", "a.y", "a.x", "a.x"):
            bus.publish(topic, None)
        await until(lambda: not thread.is_alive())
    await stop(broker)

    assert [1, 3] == got


async def test_a_client_can_be_watched_by_a_loop(folder):
    bus = make_bus()
    broker = await start(bus, folder)
    got: list[Envelope] = []
    with BusClient(folder) as client:
        client.subscribe("a.x")

        def drain():
            got.extend(env for frames in reader.drain() if (env := client.accept(frames)) is not None)

        loop = asyncio.get_running_loop()

        def wake():
            loop.call_soon(drain)

        reader = client.watch(wake)
        await until(lambda: broker.prefixes)
        sent = [bus.publish(topic, "payload") for topic in ("a.x", "a.y", "a.x")]
        await until(lambda: len(got) == 2)
        reader.close()
    await stop(broker)

    assert [sent[0], sent[2]] == got


ENVELOPES = st.builds(
    Envelope,
    id=st.text(max_size=32),
    seq=st.integers(1, 2**63 - 1),
    prev=st.integers(0, 2**63 - 1),
    topic=st.sampled_from(["a", "a.b", "decky.web-1.up"]),
    ts=st.floats(0, 4e9),
    host=st.text(max_size=8),
    payload=st.none()
    | st.binary()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.integers(-(2**63), 2**64 - 1)),
)


@given(ENVELOPES)
def test_an_envelope_survives_the_wire(env):
    frames = pack_envelope(env, lambda payload: payload)

    assert env == unpack_envelope(list(frames))
    assert env.topic.encode() + b"." == frames[0]


@given(st.sampled_from(["a", "a.b-1"]), st.none() | st.binary() | st.lists(st.integers(0, 9)))
def test_an_offer_survives_the_wire(topic, payload):
    assert (topic, payload) == unpack_offer(list(pack_offer(topic, payload)))


@given(st.lists(st.binary() | st.just(b"a.") | st.just(b"\xc0"), max_size=3))
def test_any_frames_give_a_value_or_a_wire_error(frames):
    for unpack in (unpack_envelope, unpack_offer):
        try:
            unpack(frames)
        except WireError:
            continue
