"""Tests of the register of open sessions."""

from attrs import define, field

from decnet_actors.decoys.sessions import OpenSessions
from decnet_actors.domain.facts import CloseReason


@define
class Held:
    id: str
    source: str = "192.0.2.7"
    source_port: int = 40_000
    opened: float = 1.0
    bytes_in: int = 2
    bytes_out: int = 3
    closed: list[CloseReason] = field(factory=list)

    def close(self, reason, *, reset=False, at_once=False):
        self.closed.append(reason)


@define
class Door:
    key: tuple[str, str]
    held: list[Held]


def test_sessions_of_all_doors_are_counted_and_described():
    sessions = OpenSessions()
    sessions.add(Door(("web-01", "ssh"), [Held("a"), Held("b")]))
    sessions.add(Door(("web-01", "http"), [Held("c")]))

    assert len(sessions) == 3
    assert sessions.counts() == {("web-01", "ssh"): 2, ("web-01", "http"): 1}
    assert [("a", "ssh"), ("b", "ssh"), ("c", "http")] == [(open_.session, open_.service) for open_ in sessions]


def test_restarted_door_replaces_the_old_one_whose_end_is_then_ignored():
    sessions = OpenSessions()
    old, new = Door(("web-01", "ssh"), [Held("a")]), Door(("web-01", "ssh"), [])
    sessions.add(old)
    sessions.add(new)
    sessions.remove(old)

    assert sessions.listens("web-01", "ssh")
    sessions.remove(new)
    assert not sessions.listens("web-01", "ssh")


def test_one_session_is_closed_by_its_id():
    sessions = OpenSessions()
    held = Held("a")
    sessions.add(Door(("web-01", "ssh"), [held]))

    assert sessions.close("a")
    assert held.closed == [CloseReason.DECOY]
    assert not sessions.close("zzz")
