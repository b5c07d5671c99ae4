"""Tests of the operations on deckies."""

import pytest

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.fleet.decky_operations import DeckyDetail, ServiceRow, ServiceState
from decnet_actors.fleet.operations import OPERATIONS
from decnet_actors.fleet.view import FleetHandlers

VIEWER = Caller(name="ann", role=Role.VIEWER, via="local")


def detail(name: str) -> DeckyDetail:
    row = ServiceRow(
        decky=name, service="ssh", state=ServiceState.UP, address="127.0.0.9", port=2222, claimed_port=22, sessions=3
    )
    return DeckyDetail(
        name=name,
        state=ServiceState.UP,
        address="127.0.0.9",
        system="Debian GNU/Linux 12 (bookworm)",
        hostname="mail",
        services=("ssh",),
        sessions=3,
        details=(row,),
        users=("root",),
    )


class View:
    async def deckies(self):
        return [detail("web-01"), detail("web-02")]


@pytest.fixture
def table():
    made = OperationTable(None, lambda: 0.0)
    FleetHandlers(View()).bind(made)
    return made


async def test_deckies_are_listed_without_their_details(table):
    answer = await table.call("decky.list", {}, VIEWER)

    assert [item["name"] for item in answer["items"]] == ["web-01", "web-02"]
    assert "details" not in answer["items"][0]


async def test_one_decky_is_shown_with_its_services(table):
    answer = await table.call("decky.show", {"name": "web-02"}, VIEWER)

    assert answer["details"][0]["port"] == 2222


async def test_unknown_decky_is_an_error_with_a_code(table):
    with pytest.raises(OperatorError) as caught:
        await table.call("decky.show", {"name": "nope"}, VIEWER)

    assert caught.value.kind.code == "DN2001"


async def test_services_are_listed_for_all_or_one_decky(table):
    everything = await table.call("service.list", {}, VIEWER)
    one = await table.call("service.list", {"decky": "web-01"}, VIEWER)

    assert len(everything["items"]) == 2
    assert [row["decky"] for row in one["items"]] == ["web-01"]


def test_every_operation_has_a_route_and_an_example():
    for operation in OPERATIONS:
        assert operation.route is not None
        assert operation.examples
