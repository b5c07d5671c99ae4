"""What is in force is shown, every value of it, with where it comes from."""

from pathlib import Path

import pytest

from decnet_actors.app.describe import Descriptions
from decnet_actors.app.load import PLUGINS, PREFIX
from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.settings import Settings
from supervisors.config import load
from supervisors.plugin import PluginRegistry

ROOT = Caller(name="root", role=Role.ADMIN, via="local")
FILE = """
[daemon]
log_level = "debug"
[database]
url = "postgresql://decnet@db/decnet"
password = { env = "DB_PASSWORD" }
[fleet.loopback]
network = "127.9.9.0/24"
[[decky]]
name = "web-01"
services = ["ssh"]
"""


@pytest.fixture
def show(tmp_path: Path):
    file = tmp_path / "decnet.toml"
    table = OperationTable(None, lambda: 0.0)

    def loaded():
        environ = {"DB_PASSWORD": "hunter2", "DECNET__WEB__SESSION_IDLE": '"2h"'}
        return load(Settings, [file] if file.exists() else [], environ=environ, prefix=PREFIX)

    Descriptions(PluginRegistry(PLUGINS), loaded, dict).bind(table)

    async def call(text: str, **args):
        if text:
            file.write_text(text)
        rows = (await table.call("config.show", args, ROOT))["items"]
        return {row["key"]: (row["value"], row["origin"].removeprefix(f"{tmp_path}/")) for row in rows}

    return call


async def test_without_a_file_the_defaults_are_shown(show) -> None:
    shown = await show("", origin=True)

    assert shown["daemon.host"] == ('"local"', "default")
    assert shown["web.listen"] == ('["127.0.0.1:8443"]', "default")
    assert shown["web.session_idle"] == ('"2h"', "$DECNET__WEB__SESSION_IDLE")
    assert "decky[0].name" in shown, "the small default fleet is in force, too"


async def test_each_value_says_where_it_comes_from_if_that_is_asked(show) -> None:
    shown = await show(FILE, origin=True)

    assert shown["daemon.log_level"] == ('"debug"', "decnet.toml:3")
    assert shown["fleet.loopback.network"] == ('"127.9.9.0/24"', "decnet.toml:8")
    assert shown["decky[0].services"] == ('["ssh"]', "decnet.toml:11")
    assert shown["decky[0].weak_credentials"] == ("2", "default")
    assert {""} == {origin for _, origin in (await show(FILE)).values()}


async def test_a_secret_is_shown_as_where_it_is_kept(show) -> None:
    shown = await show(FILE, origin=True)

    assert shown["database.password"] == ('{ "env" = "DB_PASSWORD" }', "decnet.toml:6")
    assert "hunter2" not in repr(shown)


async def test_keys_come_in_the_order_of_the_default_file(show) -> None:
    tables = list(dict.fromkeys(key.partition(".")[0].partition("[")[0] for key in await show(FILE)))

    assert tables == [
        "version",
        "daemon",
        "database",
        "journal",
        "retention",
        "control",
        "web",
        "downloads",
        "prober",
        "geoip",
        "ptr",
        "intel",
        "analysis",
        "sniffer",
        "fleet",
        "decky",
    ]


async def test_defaults_can_be_left_out(show) -> None:
    assert set(await show(FILE, defaults=False)) == {
        "daemon.log_level",
        "database.url",
        "database.password",
        "web.session_idle",
        "fleet.loopback.network",
        "decky[0].name",
        "decky[0].services",
    }


@pytest.mark.parametrize(
    ("under", "keys"),
    [
        ("fleet", {"fleet.driver", "fleet.isolate", "fleet.loopback.network"}),
        ("fleet.loopback.network", {"fleet.loopback.network"}),
        ("web.tls", {"web.tls"}),
        ("daemon.state_dir", set()),
    ],
)
async def test_a_part_is_named_by_its_key(show, under: str, keys: set[str]) -> None:
    assert set(await show(FILE, under=under)) == keys


async def test_a_key_that_does_not_exist_is_refused_with_the_nearest(show) -> None:
    with pytest.raises(OperatorError) as caught:
        await show(FILE, under="web.listn")

    assert caught.value.kind.code == "DN5001"
    assert 'did you mean "web.listen"?' in caught.value.detail
