"""The operation table: roles, arguments, audit and results are the same whichever surface calls."""

import json

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from decnet_actors.contracts.errors import CATALOGUE, OperatorError
from decnet_actors.contracts.operation_table import OperationTable, error_body
from decnet_actors.contracts.operations import Caller, Role
from tests.decnet_actors.contracts.sample_operations import (
    WALL_DROP,
    WALL_LOOK,
    WALL_PAINT,
    WALL_WATCH,
    Paint,
    Painted,
)
from tests.decnet_actors.contracts.test_arguments import names, values

ANALYST = Caller(name="ada", role=Role.ANALYST, via="web", address="192.0.2.7")
ADMIN = evolve(ANALYST, name="amy", role=Role.ADMIN)
VIEWER = evolve(ANALYST, name="vic", role=Role.VIEWER)
NOW = 1_700_000_000.0


class Wall:
    """Handlers that note who called them."""

    def __init__(self):
        self.rows = []
        self.calls = []
        self.closed = 0
        self.error = None
        self.full = False
        self.table = OperationTable(audit=self.audit, now=lambda: NOW)
        self.table.bind(WALL_PAINT, self.paint)
        self.table.bind(WALL_WATCH, self.watch)
        self.table.bind(WALL_LOOK, self.paint)
        self.table.bind(WALL_DROP, self.drop)

    async def audit(self, row):
        if self.full:
            raise OperatorError(CATALOGUE["DN3002"], "no room for the audit row")
        self.rows.append(row)

    async def paint(self, args, caller):
        self.calls.append((args, caller))
        if self.error is not None:
            raise self.error
        return Painted(args=args.name, raw=b"\x1b[31m")

    async def drop(self, args, caller):
        self.calls.append((args, caller))

    async def watch(self, args, caller):
        self.calls.append((args, caller))
        try:
            for number in range(args.count):
                yield Painted(args=f"{number} after {len(self.rows)} rows")
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1


@pytest.fixture
def wall():
    return Wall()


async def failure(awaitable):
    with pytest.raises(OperatorError) as caught:
        await awaitable
    return caught.value


async def drained(stream):
    return [item async for item in stream]


async def test_a_call_gives_json_ready_values_of_what_the_handler_returned(wall):
    got = await wall.table.call("wall.paint", {"name": "north", "count": "3"}, ANALYST)

    assert got == {"args": "north", "raw": {"text": "\\x1b[31m", "base64": "G1szMW0="}}
    assert wall.calls == [(Paint(name="north", count=3), ANALYST)]


async def test_a_call_without_result_answers_an_empty_object(wall):
    got = await wall.table.call("wall.drop", {"name": "north"}, ADMIN)

    assert got == {}


async def test_a_name_can_be_bound_once(wall):
    with pytest.raises(ValueError, match=r"wall\.paint"):
        wall.table.bind(WALL_PAINT, wall.paint)


def test_what_is_bound_is_listed_by_name(wall):
    got = [operation.name for operation in wall.table.operations()]

    assert got == ["wall.drop", "wall.look", "wall.paint", "wall.watch"]


async def test_an_unknown_operation_names_the_nearest(wall):
    got = await failure(wall.table.call("wall.pain\x1bt", {}, ANALYST))

    assert got.kind.code == "DN5002"
    assert got.detail == 'no operation is called "wall.pain\\x1bt" (did you mean "wall.paint"?)'


@pytest.mark.parametrize(("role", "allowed"), [(Role.VIEWER, False), (Role.ANALYST, True), (Role.ADMIN, True)], ids=str)
async def test_a_role_includes_the_ones_before_it(wall, role, allowed):
    caller = evolve(ANALYST, role=role)
    if allowed:
        await wall.table.call("wall.paint", {"name": "n"}, caller)
    else:
        error = await failure(wall.table.call("wall.paint", {"name": "n"}, caller))

        assert error.kind.code == "DN4003"
        assert error.detail == "wall.paint needs the role analyst; ada has viewer"
    assert len(wall.calls) == allowed


async def test_an_audited_call_leaves_a_row_without_secrets(wall):
    await wall.table.call("wall.paint", {"name": "n" * 999, "password": "hunter2", "tags": ["\x1b"]}, ANALYST)
    row = wall.rows[0]

    assert (
        row.time,
        row.caller,
        row.via,
        row.address,
        row.operation,
        row.outcome,
    ) == (NOW, "ada", "web", "192.0.2.7", "wall.paint", "ok")
    arguments = json.loads(row.arguments)
    assert "hunter2" not in row.arguments
    assert "password" not in arguments
    assert arguments["tags"] == ["\\x1b"]
    assert len(arguments["name"]) <= 257


async def test_what_may_hold_secrets_of_decoys_is_not_kept_but_a_files_name_is(wall):
    raw = {"name": "n", "option": "password=hunter2", "file": {"name": "office.toml", "text": "hunter2"}}
    await wall.table.call("wall.paint", raw, ANALYST)

    assert "hunter2" not in wall.rows[0].arguments
    assert json.loads(wall.rows[0].arguments)["file"] == {"name": "office.toml"}


async def test_a_dry_run_leaves_a_row_only_when_it_is_refused(wall):
    await wall.table.call("wall.paint", {"name": "n", "dry_run": True}, ANALYST)
    assert wall.rows == []

    await failure(wall.table.call("wall.paint", {"name": "n", "dry_run": True}, VIEWER))
    assert [row.outcome for row in wall.rows] == ["DN4003"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ({"name": "n" * 256, "text": ""}, "/file"),
        ({"name": "n", "text": "\u00fc" * (256 * 1024 + 1)}, "larger than 512 KiB"),
        ({"name": "n", "text": "\ud800"}, "not Unicode"),
        ({"name": "n"}, "/file"),
    ],
)
async def test_a_file_is_bounded_and_text(wall, file, text):
    error = await failure(wall.table.call("wall.paint", {"name": "n", "file": file}, ANALYST))

    assert error.kind.code == "DN5001"
    assert text in error.errors[0]


async def test_plain_reading_leaves_no_row(wall):
    await wall.table.call("wall.look", {"name": "n"}, ANALYST)

    assert wall.rows == []


@pytest.mark.parametrize(
    ("caller", "raw", "error", "outcome", "arguments"),
    [
        (VIEWER, {"name": "n", "password": "hunter2"}, None, "DN4003", "n"),
        (VIEWER, {"nmae": "hunter2"}, None, "DN4003", None),
        (ANALYST, {"pasword": "hunter2"}, None, "DN5001", None),
        (ANALYST, {"name": "n"}, OperatorError(CATALOGUE["DN4009"], "taken"), "DN4009", "n"),
        (ANALYST, {"name": "n"}, ZeroDivisionError(), "DN6500", "n"),
    ],
)
async def test_a_failed_call_is_audited_with_its_code(wall, caller, raw, error, outcome, arguments):
    wall.error = error
    with pytest.raises((OperatorError, ZeroDivisionError)):
        await wall.table.call("wall.paint", raw, caller)

    assert [row.outcome for row in wall.rows] == [outcome]
    assert "hunter2" not in wall.rows[0].arguments
    assert json.loads(wall.rows[0].arguments).get("name") == arguments


async def test_a_call_whose_audit_row_cannot_be_kept_does_not_answer(wall):
    wall.full = True
    error = await failure(wall.table.call("wall.paint", {"name": "n"}, ANALYST))

    assert error.kind.code == "DN3002"


async def test_a_table_without_audit_keeps_none():
    table = OperationTable(audit=None, now=lambda: NOW)
    table.bind(WALL_PAINT, Wall().paint)
    got = await table.call("wall.paint", {"name": "n"}, ANALYST)

    assert got["args"] == "n"


async def test_a_stream_is_audited_before_its_first_item_leaves(wall):
    rows = [len(wall.rows) async for _ in wall.table.stream("wall.watch", {"name": "n", "count": 3}, ANALYST)]

    assert rows == [1, 1, 1]
    assert [row.outcome for row in wall.rows] == ["ok"]


@pytest.mark.parametrize(("count", "outcome"), [(0, "DN3001"), (1, "ok")])
async def test_a_stream_that_fails_is_audited_once(wall, count, outcome):
    wall.error = OperatorError(CATALOGUE["DN3001"], "gone")
    error = await failure(drained(wall.table.stream("wall.watch", {"name": "n", "count": count}, ANALYST)))

    assert error.kind.code == "DN3001"
    assert [row.outcome for row in wall.rows] == [outcome]


async def test_an_empty_stream_is_audited_too(wall):
    got = await drained(wall.table.stream("wall.watch", {"name": "n", "count": 0}, ANALYST))

    assert got == []
    assert [row.outcome for row in wall.rows] == ["ok"]


async def test_a_stream_refused_for_its_role_is_audited(wall):
    error = await failure(drained(wall.table.stream("wall.watch", {"name": "n"}, VIEWER)))

    assert error.kind.code == "DN4003"
    assert [row.outcome for row in wall.rows] == ["DN4003"]


async def test_closing_a_stream_closes_the_handler(wall):
    stream = wall.table.stream("wall.watch", {"name": "n", "count": 9}, ANALYST)
    await anext(stream)
    await stream.aclose()

    assert wall.closed == 1


async def test_a_mode_is_not_the_other(wall):
    calling = await failure(wall.table.call("wall.watch", {"name": "n"}, ANALYST))
    streaming = await failure(drained(wall.table.stream("wall.paint", {"name": "n"}, ANALYST)))

    assert calling.detail == "wall.watch answers with a stream; ask for it that way"
    assert streaming.detail == "wall.paint answers once; ask for it that way"


async def test_dispatch_follows_the_mode_of_the_operation(wall):
    streamed = await drained(wall.table.dispatch("wall.watch", {"name": "n"}, ANALYST))
    called = await wall.table.dispatch("wall.paint", {"name": "n"}, ANALYST)
    error = await failure(wall.table.dispatch("no.such", {}, ANALYST))

    assert len(streamed) == 1
    assert called["args"] == "n"
    assert error.kind.code == "DN5002"


async def test_a_handler_of_the_wrong_kind_is_a_defect(wall):
    async def nothing():
        pass

    unawaited = nothing()
    table = OperationTable(audit=None, now=lambda: NOW)
    table.bind(WALL_PAINT, wall.watch)
    table.bind(WALL_WATCH, lambda args, caller: unawaited)
    with pytest.raises(TypeError, match=r"wall\.paint"):
        await table.call("wall.paint", {"name": "n"}, ANALYST)
    with pytest.raises(TypeError, match=r"wall\.watch"):
        await drained(table.stream("wall.watch", {"name": "n"}, ANALYST))
    await unawaited


def test_get_gives_the_operation_or_the_error(wall):
    assert wall.table.get("wall.paint") is WALL_PAINT
    with pytest.raises(OperatorError, match="DN5002"):
        wall.table.get("wall")


def test_an_error_has_one_shape():
    got = error_body(OperatorError(CATALOGUE["DN6001"], "nobody answers", errors=["/x: y"]))

    assert got == {
        "code": "DN6001",
        "title": "Daemon is not running or not ready",
        "status": 503,
        "exit": 3,
        "detail": "nobody answers",
        "why": "Nobody answers on the control socket.",
        "fix": ["decnetd", "decnetctl doctor"],
        "errors": ["/x: y"],
    }
    json.dumps(got)


@given(
    name=st.sampled_from(["wall.paint", "wall.look", "wall.drop"]) | st.text(max_size=12),
    raw=st.dictionaries(names | st.text(max_size=5), values, max_size=6),
    role=st.sampled_from(Role),
)
async def test_garbage_gives_an_answer_or_an_error_of_requests(name, raw, role):
    wall = Wall()
    try:
        got = await wall.table.call(name, raw, evolve(ANALYST, role=role))
    except OperatorError as error:
        assert error.kind.code in {"DN5001", "DN5002", "DN4003"}  # noqa: PT017  the property is "one of two"
        assert wall.calls == []
        json.dumps(error_body(error))
    else:
        assert len(wall.calls) == 1
        json.dumps(got)
