import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.decoy.ssh.identification import MAX_LINE, Identification, Identified, Refusal, Refused

# What OpenSSH 9.2p1 did with each (loopback, 2026-11-21); unread bytes turned its close into a reset.
REFUSED = [
    (b"SSH-1337-OpenSSH_9.0\r\n", Refusal.INVALID, False),
    (b"SSH-1.5-x\r\n", Refusal.MAJOR, False),
    (b"SSH-3.0-a\r\n", Refusal.MAJOR, False),
    (b"GET / HTTP/1.0\r\n", Refusal.INVALID, False),
    (b"GET / HTTP/1.0\r\n\r\n", Refusal.INVALID, True),
    (b"\n\n\n", Refusal.INVALID, True),
    (b"   \r\n", Refusal.INVALID, False),
    (b"SSH-2.0-\0\r\n", Refusal.INVALID, True),
    (b"SSH-2.0\r\n", Refusal.INVALID, False),
    (b"SSH-2.0-\r\n", Refusal.INVALID, False),
    (b"SSH-2.0-a\rb\n", Refusal.INVALID, True),
    (b"A" * 8193, Refusal.INVALID, False),
    (b"A" * 9000, Refusal.INVALID, True),
]


@pytest.mark.parametrize(("line", "refusal", "unread"), REFUSED)
def test_a_bad_line_is_refused_as_sshd_refuses_it(line, refusal, unread):
    judged = Identification().receive(line)

    assert isinstance(judged, Refused)
    assert (refusal, unread) == (judged.refusal, judged.unread)


@pytest.mark.parametrize("line", [b"SSH-2.0-x", b"SSH-1.99-x", b"SSH-2.0-a b", b"SSH-2.0-" + b"A" * 300])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_a_good_line_is_taken_and_the_rest_kept(line, end):
    assert Identified(line=line, rest=b"more") == Identification().receive(line + end + b"more")


@pytest.mark.parametrize("line", [b"", b"\r" * 8, b"SSH-2.0-x\r", b"A" * MAX_LINE])
def test_an_unfinished_line_is_waited_for(line):
    assert Identification().receive(line) is None


@given(st.lists(st.sampled_from([b"SSH-", b"2.0-", b"x", b"\r", b"\n", b"\0", b"1.99-", b"\xff"]), max_size=12))
def test_the_verdict_does_not_depend_on_chunks(parts):
    data = b"".join(parts)
    whole = Identification().receive(data)
    single = Identification()
    verdict = None
    for position in range(len(data)):
        verdict = single.receive(data[position : position + 1])
        if verdict is not None:
            break

    assert type(whole) is type(verdict)
    if isinstance(whole, Refused) and isinstance(verdict, Refused):
        assert (whole.refusal, whole.line) == (verdict.refusal, verdict.line)
    elif isinstance(whole, Identified) and isinstance(verdict, Identified):
        assert whole.line == verdict.line


def test_a_line_without_end_is_not_kept_without_end():
    reader = Identification()
    for _ in range(MAX_LINE):
        assert reader.receive(b"A") is None

    assert isinstance(reader.receive(b"A"), Refused)
    assert MAX_LINE + 1 == len(reader._line)
