"""Paging, faults, URLs, summaries and recordings: each a few lines."""

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.domain.facts import Direction, Fact, TerminalResized, TerminalSeen
from decnet_actors.domain.records import Entry
from decnet_actors.domain.registry import FACTS
from decnet_actors.store import asciicast
from decnet_actors.store.asciicast import record_terminal
from decnet_actors.store.engine import integrity, make_engine, normalise_url, sqlite_path, with_password
from decnet_actors.store.errors import BadUrlError
from decnet_actors.store.faults import Fault, describe, fault_of
from decnet_actors.store.paging import decode_cursor, decode_number, encode_cursor
from decnet_actors.store.summaries import summary
from tests.decnet_actors.store.samples import login, record


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.text())
def test_a_cursor_comes_back(number: int, word: str) -> None:
    assert (number, word) == decode_cursor(encode_cursor(number, word), int, str)
    assert number == decode_number(encode_cursor(number))


@given(st.text())
def test_any_other_text_is_no_cursor(word: str) -> None:
    with pytest.raises(OperatorError) as caught:
        decode_number(f"{word}!")  # no cursor of ours has one

    assert caught.value.kind.code == "DN5001"


class PostgresError(Exception):
    sqlstate = "22021"


def wrapped(kind: type[DBAPIError], cause: Exception) -> DBAPIError:
    return kind("INSERT secret", {"password": "hunter2"}, cause)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (wrapped(IntegrityError, sqlite3.IntegrityError("UNIQUE")), Fault.ROW),
        (wrapped(DataError, ValueError("too long")), Fault.ROW),
        (wrapped(DBAPIError, PostgresError("NUL")), Fault.ROW),
        (OverflowError("int too large"), Fault.ROW),
        (ValueError("NaN"), Fault.ROW),
        (wrapped(OperationalError, sqlite3.OperationalError("disk is full")), Fault.WORLD),
        (OSError(28, "No space left"), Fault.WORLD),
        (TimeoutError(), Fault.WORLD),
        (wrapped(ProgrammingError, sqlite3.ProgrammingError("syntax")), Fault.OURS),
        (KeyError("x"), Fault.OURS),
    ],
)
def test_whose_fault_it_is(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault


def test_an_errors_description_has_no_parameters_in_it() -> None:
    described = describe(wrapped(OperationalError, sqlite3.OperationalError("disk is full\nmore")))

    assert described == "OperationalError: disk is full"
    assert describe(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite"),
        ("postgres://a@b/c", "postgresql+asyncpg"),
        ("postgresql+psycopg://a@b/c", "postgresql+asyncpg"),
        ("mariadb://a@b/c", "mysql+aiomysql"),
    ],
)
def test_a_url_gets_our_driver(url: str, driver: str) -> None:
    assert normalise_url(url).drivername == driver


@pytest.mark.parametrize("url", ["", "decnet.db", "oracle://a:hunter2@b", "postgresql://a:hunter2@b:x/c"])
def test_another_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadUrlError) as caught:
        normalise_url(url)

    assert "hunter2" not in str(caught.value)


def test_a_password_is_put_into_the_url() -> None:
    assert with_password("postgresql://a@b/c", "p@s/s") == "postgresql+asyncpg://a:p%40s%2Fs@b/c"
    assert with_password("postgresql://a@b/c", None) == "postgresql://a@b/c"


async def test_sqlite_is_opened_durably(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new/folder/decnet.db")
    async with engine.connect() as connection:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 16000}
        got = {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in wanted}

    assert wanted == got
    assert sqlite_path(engine) == tmp_path / "new/folder/decnet.db"
    assert (tmp_path / "new/folder").stat().st_mode & 0o777 == 0o700
    assert await integrity(engine) == "ok"
    await engine.dispose()


async def test_other_engines_have_no_file(engine: AsyncEngine) -> None:
    assert (sqlite_path(engine) is None) == (engine.dialect.name != "sqlite")
    assert await integrity(engine) == "ok"


HOSTILE = "\x1b[31m\u202e\r\n"
SAMPLES = {str: HOSTILE, bytes: HOSTILE.encode(), int: 7, float: 1.5, bool: True}


def hostile(cls: type[Struct]) -> Struct:
    """Return a fact, or a part of one, whose every text is hostile."""
    import types
    import typing

    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    for name in cls.__struct_fields__:
        options = typing.get_args(hints[name]) if isinstance(hints[name], types.UnionType) else ()
        hint = options[0] if options else hints[name]
        if typing.get_origin(hint) is tuple:
            inner = typing.get_args(hint)[0]
            several = typing.get_origin(inner) is tuple
            one = None if several else hostile(inner) if issubclass(inner, Struct) else SAMPLES[inner]
            values[name] = () if several else (one,) * 20
        else:
            values[name] = SAMPLES[hint] if hint in SAMPLES else next(iter(hint))
    return cls(**values)


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_has_a_summary_that_cannot_drive_a_terminal(kind: str) -> None:
    fact = hostile(FACTS[kind])
    assert isinstance(fact, Fact)
    line = summary(fact)

    assert line
    assert line.isprintable()
    assert len(line) < 2000


def terminal(*facts) -> list[Entry]:
    return [Entry(seq=n, record=record(n, fact)) for n, fact in enumerate(facts, 1)]


def test_a_recording_needs_a_terminal() -> None:
    assert record_terminal(terminal(login()), title="x") is None


def test_a_later_size_and_another_channel() -> None:
    recording = record_terminal(
        terminal(
            TerminalSeen(direction=Direction.OUT, data=b"a", channel=1),
            TerminalSeen(direction=Direction.OUT, data=b"other", channel=2),
            TerminalResized(columns=132, rows=50, channel=1),
            login(),
        ),
        title="x",
    )
    assert recording is not None
    header, *lines = [json.loads(line) for line in recording.lines]

    assert (header["width"], header["height"]) == (80, 24)
    assert lines == [[0.0, "o", "a"], [2.0, "r", "132x50"]]
    assert recording.truncated is False


def test_a_recording_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asciicast, "MAX_BYTES", 3)
    recording = record_terminal(
        terminal(*(TerminalSeen(direction=Direction.OUT, data=b"ab") for _ in range(3))), title="x"
    )

    assert recording is not None
    assert (len(recording.lines), recording.truncated) == (2, True)
