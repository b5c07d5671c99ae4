"""From a backup of a running daemon to another one that finds the same evidence."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import FLEET, decnetd, start, stop, write_config
from tests.flows.touches import touch_all, touch_redis

DAMAGED = "decnet-20260101T000000Z.tar"


@pytest.fixture
def elsewhere():
    folder = Path(tempfile.mkdtemp(prefix="dn-"))  # not tmp_path: socket paths must stay short
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def settled(daemon) -> list[Any]:
    """Return the sessions once all of them are over."""
    deadline = time.monotonic() + 10
    found = daemon.ask("session", "list")
    while any(row["closed"] is None for row in found):
        assert time.monotonic() < deadline, found
        found = daemon.ask("session", "list")
    return list(found)


def profiled(daemon, sessions: int) -> list[Any]:
    """Return the attackers once all sessions are in their profiles, which follow the journal."""
    deadline = time.monotonic() + 10
    found = daemon.ask("attacker", "list")
    while sum(row["sessions"] for row in found) < sessions:
        assert time.monotonic() < deadline, found
        found = daemon.ask("attacker", "list")
    return list(found)


def evidence(daemon) -> dict[str, Any]:
    """Return what must not change; attackers and deckies are there to see that counts and personas come along."""
    sessions = settled(daemon)
    return {
        "sessions": sessions,
        "credentials": daemon.ask("credential", "list"),
        "attackers": profiled(daemon, len(sessions)),
        "personas": [{**daemon.ask("decky", "show", name), "details": ()} for name in ("web-01", "db-01")],
        "users": daemon.ask("user", "list"),
    }


async def test_a_restored_backup_has_the_same_evidence_and_goes_on(elsewhere):
    state = elsewhere / "state"
    with decnetd() as daemon:
        await touch_all(daemon.listeners())
        settled(daemon)
        daemon.ctl("user", "add", "ana", "--role", "admin")
        before, events = evidence(daemon), daemon.events()
        name = daemon.ask("backup", "create")["name"]

        assert daemon.ask("backup", "verify", name)["rows"] >= len(events)
        said = daemon.ctl("backup", "restore", name, str(state), "--yes")
        assert f"to {state}" in said
        assert stop(daemon) == 0
    assert len(before["credentials"]) == 4
    again = start(elsewhere, write_config(elsewhere, FLEET, ""))
    try:
        assert before == evidence(again)
        kept = {row["seq"]: row for row in again.events()}
        assert all(row == kept[row["seq"]] for row in events)
        touch_redis(again.listeners()["db-01"]["redis"])
        assert len(settled(again)) == len(before["sessions"]) + 1
        assert [row["result"] for row in again.ask("doctor", "store")].count("fail") == 0
    finally:
        assert stop(again) == 0


def test_what_cannot_be_restored_is_refused_and_nothing_is_written(elsewhere):
    full, free = elsewhere / "full", elsewhere / "free"
    full.mkdir()
    (full / "mine").touch()
    with decnetd() as daemon:
        name = daemon.ask("backup", "create")["name"]
        folder = daemon.home / "state" / "backups"
        data = bytearray((folder / name).read_bytes())
        data[4096] ^= 1  # inside the database, past the archive's first header
        (folder / DAMAGED).write_bytes(data)

        refused = daemon.ctl("backup", "restore", name, str(full), "--yes", code=2)
        damaged = daemon.ctl("backup", "restore", DAMAGED, str(free), "--yes", code=1)
        missing = daemon.ctl("backup", "restore", "decnet-none.tar", str(free), "--yes", code=4)
        relative = daemon.ctl("backup", "restore", name, "free", "--yes", code=2)

    assert f"{full} is not empty" in refused
    assert "DN3003" in damaged
    assert "database.sqlite has another checksum" in damaged
    assert "decnetctl backup list" in missing
    assert "absolute" in relative
    assert [path.name for path in full.iterdir()] == ["mine"]
    assert not free.exists()
