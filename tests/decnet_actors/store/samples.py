"""This module makes records for store tests."""

from decnet_actors.domain.facts import CredentialSeen, Fact, Outcome, ShellCommandSeen
from decnet_actors.domain.records import Record

NOW = 1_800_000_000.0  # Unix seconds; a whole minute


def session_id(number: int) -> str:
    return f"{number:032x}"


def record(
    number: int,
    fact: Fact | None = None,
    *,
    session: int | None = 1,
    source: str = "203.0.113.7",
    decky: str = "web-01",
    service: str = "ssh",
    time: float | None = None,
) -> Record:
    moment = NOW + number if time is None else time
    return Record(
        id=f"{int((NOW + number) * 1000):012x}7{number:019x}",
        time=moment,
        host="manager",
        decky=decky,
        service=service,
        fact=fact or ShellCommandSeen(line=f"echo {number}", interactive=True),
        session="" if session is None else session_id(session),
        source=source,
        source_port=40_000 if source else 0,
    )


def login(user: str | None = "root", secret: bytes = b"123456", *, accepted: bool = False) -> CredentialSeen:
    return CredentialSeen(
        user=user,
        secret=secret,
        mechanism="ssh password",
        outcome=Outcome.ACCEPTED if accepted else Outcome.REFUSED,
    )
