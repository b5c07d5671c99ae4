from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.wire.telnet import (
    MAX_SUBNEGOTIATION,
    Code,
    Command,
    Data,
    Event,
    Negotiation,
    Negotiator,
    Newlines,
    Option,
    Subnegotiation,
    TelnetParser,
    Verb,
    build,
    escape,
    from_terminal,
)

streams = st.binary(max_size=200) | st.lists(
    st.sampled_from(
        [b"\xff", b"\xff\xff", b"\xff\xfa", b"\xff\xf0", b"\xff\xfb", b"\xff\xfd", b"\x01", b"ab", b"\r\n", b"\r\0"]
    ),
    max_size=60,
).map(b"".join)
commands = st.sampled_from([code for code in Code if code not in {*Verb, Code.SB}])
events = st.one_of(
    st.binary(min_size=1, max_size=20).map(Data),
    commands.map(Command),
    st.builds(Negotiation, st.sampled_from(Verb), st.integers(0, 255)),
    st.builds(Subnegotiation, st.integers(0, 255), st.binary(max_size=40)),
)


def merged(found: list[Event]) -> list[Event]:
    """Join neighbouring data: where a stream is cut is not telnet's to keep."""
    joined: list[Event] = []
    for event in found:
        if isinstance(event, Data) and joined and isinstance(joined[-1], Data):
            joined[-1] = Data(joined[-1].data + event.data)
        else:
            joined.append(event)
    return joined


def parsed(*chunks: bytes) -> list[Event]:
    parser = TelnetParser()
    return merged([event for chunk in chunks for event in parser.receive(chunk)])


@given(streams, st.lists(st.integers(0, 200)))
def test_any_split_of_the_stream_gives_the_same_events(stream, cuts):
    places = sorted({0, *(min(cut, len(stream)) for cut in cuts), len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(places)]

    assert parsed(stream) == parsed(*chunks)


@given(streams)
def test_events_of_a_prefix_are_a_prefix_of_the_events(stream):
    whole = parsed(stream)
    for size in range(len(stream)):
        part = parsed(stream[:size])
        if part and isinstance(part[-1], Data):
            last = part.pop()
            there = whole[len(part)]

            assert isinstance(last, Data)
            assert isinstance(there, Data)
            assert there.data.startswith(last.data)

        assert whole[: len(part)] == part


@given(st.lists(events, max_size=20))
def test_what_is_built_is_parsed_back(wanted):
    assert merged(wanted) == parsed(b"".join(map(build, wanted)))


@given(st.binary(max_size=50))
def test_one_event_a_receive_when_only_data_came(data):
    stream = escape(data)

    assert ([Data(data)] if data else []) == TelnetParser().receive(stream)


def test_an_argument_is_cut_at_its_limit_and_no_more_is_held():
    parser = TelnetParser()
    parser.receive(b"\xff\xfa\x18")
    for _ in range(100):
        parser.receive(b"x" * 1000 + b"\xff\xff")

        assert MAX_SUBNEGOTIATION + 1 >= parser.buffered
    found = parser.receive(b"\xff\xf0")

    assert [Option.TTYPE] == [event.option for event in found if isinstance(event, Subnegotiation)]
    assert [(MAX_SUBNEGOTIATION, True)] == [(len(e.payload), e.cut) for e in found if isinstance(e, Subnegotiation)]
    assert 0 == parser.buffered


def test_an_argument_of_nothing_is_no_event():
    assert [Data(b"a"), Data(b"b")] == [
        e for chunk in (b"a", b"\xff\xfa\xff\xf0b") for e in TelnetParser().receive(chunk)
    ]


def test_a_command_inside_an_argument_ends_it():
    assert [Subnegotiation(24, b"\0xt"), Data(b"rest")] == parsed(b"\xff\xfa\x18\0xt\xff\xf6rest")


def test_a_spray_of_iac_is_data():
    assert [Data(b"\xff" * 100)] == parsed(b"\xff" * 200)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"root\r\n", b"root\r"),
        (b"root\r\0", b"root\r"),
        (b"root\n", b"root\n"),
        (b"\r\r\n\r\0\n", b"\r\r\r\n"),
        (b"a\0b", b"a\0b"),
    ],
)
def test_one_keystroke_for_each_newline_however_the_stream_is_cut(typed, keys):
    one_by_one = Newlines()

    assert keys == Newlines().receive(typed)
    assert keys == b"".join(one_by_one.receive(bytes((octet,))) for octet in typed)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"a", b""]), max_size=30))
def test_newlines_do_not_depend_on_chunks(chunks):
    cut = Newlines()

    assert Newlines().receive(b"".join(chunks)) == b"".join(map(cut.receive, chunks))


def test_a_terminals_output_keeps_its_line_ends_and_marks_lone_returns():
    assert b"a\r\nb\r\0c\nd\xff\xff\r\0" == from_terminal(b"a\r\nb\rc\nd\xff\r")


def test_an_option_we_have_is_agreed_to_once():
    options = Negotiator(local=[Option.ECHO])

    assert b"\xff\xfb\x01" == options.receive(Verb.DO, Option.ECHO)
    assert b"" == options.receive(Verb.DO, Option.ECHO)
    assert options.ours(Option.ECHO)
    assert b"\xff\xfc\x01" == options.receive(Verb.DONT, Option.ECHO)
    assert b"" == options.receive(Verb.DONT, Option.ECHO)
    assert not options.ours(Option.ECHO)


def test_an_unknown_option_is_refused_each_time_it_is_asked_for():
    options = Negotiator()

    assert b"\xff\xfe\x63" == options.receive(Verb.WILL, 99)
    assert b"\xff\xfc\x63" == options.receive(Verb.DO, 99)
    assert b"\xff\xfc\x63" == options.receive(Verb.DO, 99)


def test_an_answer_is_not_answered():
    options = Negotiator(remote=[Option.NAWS])

    assert b"\xff\xfd\x1f" == options.do(Option.NAWS)
    assert options.pending(Option.NAWS, ours=False)
    assert b"" == options.receive(Verb.WILL, Option.NAWS)
    assert options.theirs(Option.NAWS)
    assert not options.pending(Option.NAWS, ours=False)


def test_what_was_said_before_the_peer_spoke_awaits_its_answer():
    options = Negotiator(offered=[Option.ECHO], asked=[Option.NAWS])

    assert b"" == options.will(Option.ECHO)
    assert b"" == options.do(Option.NAWS)
    assert b"" == options.receive(Verb.DO, Option.ECHO)
    assert b"" == options.receive(Verb.WONT, Option.NAWS)
    assert options.ours(Option.ECHO)
    assert not options.pending(Option.NAWS, ours=False)
    assert not options.theirs(Option.NAWS)


def test_a_change_of_mind_waits_for_the_answer():
    options = Negotiator(local=[Option.ECHO])

    assert b"\xff\xfb\x01" == options.will(Option.ECHO)
    assert b"" == options.wont(Option.ECHO)
    assert b"\xff\xfc\x01" == options.receive(Verb.DO, Option.ECHO)
    assert b"" == options.will(Option.ECHO)
    assert b"\xff\xfb\x01" == options.receive(Verb.DONT, Option.ECHO)
    assert b"" == options.receive(Verb.DO, Option.ECHO)
    assert options.ours(Option.ECHO)


def test_a_refusal_answered_by_consent_is_still_a_refusal():
    options = Negotiator(remote=[Option.SGA])
    options.receive(Verb.WILL, Option.SGA)

    assert b"\xff\xfe\x03" == options.dont(Option.SGA)
    assert b"" == options.receive(Verb.WILL, Option.SGA)
    assert not options.theirs(Option.SGA)


moves = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["will", "wont", "do", "dont"]), st.integers(0, 3)), max_size=12
)


@given(moves, st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3)), st.lists(st.booleans(), max_size=40))
def test_two_peers_always_come_to_rest_and_agree(moves, some, others, order):
    sides = (Negotiator(local=some, remote=others), Negotiator(local=others, remote=some))
    lines: tuple[list[Negotiation], list[Negotiation]] = ([], [])  # towards side 0, towards side 1
    turns = iter(order)

    def carry(side: int, said: bytes) -> None:
        for event in TelnetParser().receive(said):
            assert isinstance(event, Negotiation)
            lines[1 - side].append(event)

    def deliver(side: int) -> None:
        event = lines[side].pop(0)
        carry(side, sides[side].receive(event.verb, event.option))

    for first, verb, option in moves:
        side = int(first)
        carry(side, getattr(sides[side], verb)(option))
        towards = int(next(turns, False))
        if lines[towards]:
            deliver(towards)
    for _ in range(1000):
        if not any(lines):
            break
        deliver(0 if lines[0] else 1)

    assert ([], []) == lines
    for option in range(4):
        for a, b in (sides, sides[::-1]):
            assert not a.pending(option, ours=True)
            assert a.ours(option) == b.theirs(option)
