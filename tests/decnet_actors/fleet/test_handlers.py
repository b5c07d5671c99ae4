"""The fleet's operations through the real operation table, over revisions in memory and a host that is looked at."""

import asyncio

import pytest
from attrs import evolve

from decnet_actors.contracts.errors import OperatorError
from decnet_actors.contracts.lifecycle import State
from decnet_actors.contracts.operation_table import OperationTable
from decnet_actors.contracts.operations import Caller, Role
from decnet_actors.domain.codec import plain
from decnet_actors.domain.facts import Trigger
from decnet_actors.fleet.desired import CONFIGURATION, DesiredFleet
from decnet_actors.fleet.desk import MAX_WAITING
from decnet_actors.fleet.handlers import FleetChanges
from decnet_actors.fleet.reports import FleetReports
from decnet_actors.fleet.settings import DeckySettings
from supervisors.testing import ManualClock
from tests.decnet_actors.fleet.fleets import INSTALLED
from tests.decnet_actors.fleet.undertakings import at_once, company

NOW = ManualClock().now()
ANA = Caller(name="ana", role=Role.ADMIN, via="web")
VIEWER = Caller(name="bo", role=Role.VIEWER, via="web")
CONFIGURED = (DeckySettings(name="web-01", services=("ssh", "http")), DeckySettings(name="db-01", services=("redis",)))
OFFICE = """\
[[decky]]
name = "web-01"
services = ["http", "ssh"]
[[decky]]
name = "term-01"
services = ["telnet"]
"""


class Fleet:
    """A fleet under test."""

    def __init__(self, company):
        self.audited = []
        self.host = company.crew
        self.desk = company.desk
        self.desired = company.desired
        self.revisions = company.revisions
        self.table = OperationTable(self._audit, company.clock.now)
        self.desk.bind(self.table)
        FleetReports(self.desired).bind(self.table)
        FleetChanges(self.desired, self.host, self.desk, seed=7).bind(self.table)

    async def _audit(self, row):
        self.audited.append(row)

    async def ask(self, operation, caller=ANA, /, **args):
        """Return the first answer."""
        return await self.table.call(operation, args, caller)

    async def call(self, operation, caller=ANA, /, **args):
        """Return the answer once what it began has ended."""
        answer = await self.ask(operation, caller, **args)
        if answer.get("operation") is not None:
            answer["operation"] = plain(await self.desk.ended(answer["operation"]["id"]))
        return answer

    async def boot(self, configured):
        hostable = await self.desired.take(configured)
        await self.host.converge((await self.desired.newest()).revision.number, hostable, Trigger.OPERATOR, nothing)

    @property
    def names(self):
        return [*self.host.plans]


def nothing(done, total):
    del done, total


@pytest.fixture
async def fleet():
    async with company() as founded:
        made = Fleet(founded)
        await made.boot(CONFIGURED)
        yield made


def office(text=OFFICE):
    return {"name": "office.toml", "text": text}


async def refusal(fleet, operation, caller=ANA, /, **args):
    with pytest.raises(OperatorError) as caught:
        await fleet.call(operation, caller, **args)
    return caught.value


async def test_the_configuration_is_the_first_revision(fleet):
    report = await fleet.call("fleet.show", VIEWER)

    assert (report["revision"], report["author"], report["via"]) == (1, CONFIGURATION, CONFIGURATION)
    assert [(row["name"], row["services"]) for row in report["deckies"]] == [
        ("web-01", ["http", "ssh"]),
        ("db-01", ["redis"]),
    ]


async def test_a_file_becomes_the_fleet_with_who_and_why(fleet):
    answer = await fleet.call("fleet.apply", file=office(), reason="the new office")
    shown = await fleet.call("fleet.show")

    assert (answer["base"], answer["revision"]) == (1, 2)
    assert [(one["name"], one["action"]) for one in answer["changes"]] == [("db-01", "removed"), ("term-01", "created")]
    assert answer["interrupts"] == ["db-01"]
    assert {(one["name"], one["state"]) for one in answer["operation"]["outcomes"]} == {
        ("db-01", "gone"),
        ("term-01", "up"),
    }
    assert fleet.host.touched == ["db-01", "term-01"]
    assert (shown["author"], shown["via"], shown["reason"], shown["time"]) == ("ana", "web", "the new office", NOW)
    assert "ssh" not in fleet.audited[-1].arguments
    assert "office.toml" in fleet.audited[-1].arguments


async def test_a_dry_run_tells_the_same_and_changes_nothing(fleet):
    looked = await fleet.call("fleet.apply", file=office(), dry_run=True)

    assert (looked["base"], looked["revision"], looked["operation"]) == (1, 1, None)
    assert (fleet.names, fleet.audited) == (["web-01", "db-01"], [])
    done = await fleet.call("fleet.apply", file=office())
    assert (looked["changes"], looked["interrupts"]) == (done["changes"], done["interrupts"])


async def test_a_fleet_that_is_already_so_is_no_revision(fleet):
    await fleet.call("fleet.apply", file=office())
    again = await fleet.call("fleet.apply", file=office())

    assert (again["revision"], again["changes"], again["interrupts"], again["operation"]["outcomes"]) == (2, [], [], [])
    assert len(fleet.revisions.rows) == 2


async def test_what_does_not_run_as_it_should_is_mended_without_a_revision(fleet):
    del fleet.host.plans["db-01"]
    answer = await fleet.call("decky.start", name="db-01")

    assert (answer["revision"], [one["name"] for one in answer["operation"]["outcomes"]]) == (1, ["db-01"])


async def test_a_decky_that_does_not_come_up_is_named_and_kept(fleet):
    fleet.host.failing["term-01"] = "telnet: address in use"
    answer = await fleet.call("fleet.apply", file=office())

    assert {"name": "term-01", "state": "down", "error": "telnet: address in use"} in answer["operation"]["outcomes"]
    assert (answer["revision"], fleet.names) == (2, ["web-01", "term-01"])


async def test_a_wrong_file_is_refused_with_every_place_and_changes_nothing(fleet):
    error = await refusal(
        fleet, "fleet.apply", file=office('[[decky]]\nname = "a"\nservices = ["httq"]\nstack = "Windows"\n')
    )

    assert error.kind.code == "DN1012"
    assert [text.partition(" ")[0] for text in error.errors] == ["office.toml:4:9:"]
    error = await refusal(fleet, "fleet.apply", file=office('[[decky]]\nname = "a"\nservices = ["httq", "ssj"]\n'))
    assert [text.partition(" ")[0] for text in error.errors] == ["office.toml:3:13:", "office.toml:3:21:"]
    assert 'did you mean "http"?' in error.errors[0]
    assert len(fleet.revisions.rows) == 1


async def test_what_the_driver_refuses_is_told_before_anything_is_kept(fleet):
    fleet.host.refused = ["term-01: no address left"]
    error = await refusal(fleet, "fleet.apply", file=office())

    assert error.errors == ("term-01: no address left",)
    assert len(fleet.revisions.rows) == 1


async def test_a_change_may_be_held_to_the_revision_that_was_seen(fleet):
    await fleet.call("decky.create", name="x", services=["ssh"], base=1)
    error = await refusal(fleet, "decky.create", name="y", services=["ssh"], base=1)

    assert error.kind.code == "DN4012"
    assert fleet.names == ["web-01", "db-01", "x"]


async def test_only_administrators_change_the_fleet(fleet):
    assert (await refusal(fleet, "fleet.teardown", VIEWER)).kind.code == "DN4003"
    assert (await refusal(fleet, "fleet.export", VIEWER)).kind.code == "DN4003"


async def test_a_file_that_is_too_large_is_refused(fleet):
    error = await refusal(fleet, "fleet.plan", file=office("#" * (512 * 1024 + 1)))

    assert error.kind.code == "DN5001"


async def test_going_back_restores_deckies_with_their_numbers(fleet):
    await fleet.call("decky.delete", name="web-01")
    await fleet.call("decky.create", name="other", services=["ssh"])
    numbers = {name: plan.index for name, plan in fleet.host.plans.items()}
    answer = await fleet.call("fleet.rollback", revision=1)

    assert numbers == {"db-01": 1, "other": 0}
    assert {name: plan.index for name, plan in fleet.host.plans.items()} == {"web-01": 0, "db-01": 1}
    assert (answer["revision"], fleet.host.touched) == (4, ["other", "web-01"])
    assert (await refusal(fleet, "fleet.rollback", revision=99)).kind.code == "DN3001"


async def test_the_history_is_newest_first_and_paged(fleet):
    for name in ("a", "b", "c"):
        await fleet.call("decky.create", name=name, services=["ssh"], reason=f"for {name}")
    first = await fleet.call("fleet.history", VIEWER, limit=3)
    rest = await fleet.call("fleet.history", VIEWER, cursor=first["next"])

    assert [row["revision"] for row in (*first["items"], *rest["items"])] == [4, 3, 2, 1]
    assert (first["items"][0]["summary"], first["items"][0]["reason"]) == ("1 created", "for c")
    assert rest["next"] is None
    assert (await refusal(fleet, "fleet.history", cursor="x")).kind.code == "DN5001"


async def test_an_old_revision_is_shown_and_written(fleet):
    await fleet.call("fleet.teardown")
    shown = await fleet.call("fleet.show", revision=1)
    text = (await fleet.call("fleet.export", revision=1))["text"]
    answer = await fleet.call("fleet.apply", file=office(text))

    assert (shown["revision"], shown["newest_revision"], len(shown["deckies"])) == (1, 2, 2)
    assert answer["revision"] == 3
    assert (await fleet.call("fleet.show"))["digest"] == shown["digest"]


async def test_a_plan_tells_ports_and_what_is_missing(fleet):
    text = '[[decky]]\nname = "a"\narchetype = "web-server"\n[[decky]]\nname = "b"\nservices = ["ssh"]\n'
    rows = (await fleet.call("fleet.plan", file=office(text)))["items"]

    assert [(row["services"], row["missing"]) for row in rows] == [(["http:80"], ["ftp"]), (["ssh:22"], [])]
    assert len(fleet.revisions.rows) == 1


async def test_a_difference_is_to_the_file_or_to_the_configuration(fleet):
    await fleet.call("decky.stop", name="db-01")
    to_file = await fleet.call("fleet.diff", file=office())
    to_configuration = await fleet.call("fleet.diff")

    assert [one["name"] for one in to_file["changes"]] == ["db-01", "term-01"]
    assert to_configuration["changes"][0]["fields"] == [{"field": "state", "old": '"stopped"', "new": '"running"'}]


async def test_one_decky_is_edited_and_no_other_is_touched(fleet):
    answer = await fleet.call("decky.edit", name="db-01", distribution="debian:12")

    assert (fleet.host.touched, answer["interrupts"]) == (["db-01"], ["db-01"])
    kept = await fleet.call("decky.edit", name="db-01", mutate_interval=3600)
    assert (fleet.host.touched, kept["interrupts"], kept["revision"]) == ([], [], 3)


async def test_a_system_nobody_knows_is_refused(fleet):
    error = await refusal(fleet, "decky.edit", name="db-01", distribution="debiam")

    assert 'did you mean "debian"?' in error.errors[0]


async def test_services_of_a_decky_are_added_set_and_removed(fleet):
    await fleet.call("decky.service-add", name="db-01", service="ssh", option=["port=2022"])
    await fleet.call("decky.service-set", name="db-01", service="redis", option=["password=1234"])
    await fleet.call("decky.service-remove", name="db-01", service="ssh")
    text = (await fleet.call("fleet.export"))["text"]

    assert 'services = { "redis" = { "password" = "1234" } }' in text
    assert (await refusal(fleet, "decky.service-add", name="db-01", service="sssh")).kind.code == "DN1012"
    assert "1234" not in str(await fleet.call("fleet.diff"))


async def test_a_mutation_is_what_its_dry_run_said(fleet):
    looked = await fleet.call("decky.mutate", name="web-01", dry_run=True)
    done = await fleet.call("decky.mutate", name="web-01", base=looked["base"])
    again = await fleet.call("decky.mutate", name="web-01", dry_run=True)

    assert looked["changes"] == done["changes"]
    assert looked["changes"]
    assert again["changes"] != looked["changes"]


async def test_a_mutation_keeps_to_what_the_machine_could_have(fleet):
    await fleet.call("decky.create", name="pc", services=["http"], stack="windows-10")

    assert (await refusal(fleet, "decky.mutate", name="pc")).kind.code == "DN4010"


async def test_a_stack_that_nobody_can_give_is_told_with_the_change(fleet):
    fleet.host.lacking = ("no TCP/IP stack windows-10 for pc",)

    assert ["no TCP/IP stack windows-10 for pc"] == (await fleet.call("fleet.teardown", dry_run=True))["notes"]


async def test_a_stopped_decky_is_not_restarted(fleet):
    assert (await fleet.call("decky.restart", name="web-01"))["operation"]["outcomes"][0]["state"] == "up"
    assert (await fleet.call("decky.restart", name="web-01", dry_run=True))["operation"] is None
    await fleet.call("decky.stop", name="web-01")

    assert "decnetctl decky start web-01" in (await refusal(fleet, "decky.restart", name="web-01")).fix


async def test_an_ini_file_is_imported_with_what_it_could_not_say(fleet):
    text = "[web-01]\nservices = ssh, http, smb\n"
    answer = await fleet.call("fleet.import", file={"name": "decnet.ini", "text": text})

    assert answer["notes"] == ["decnet.ini:2: [web-01]: there is no decoy for smb"]
    assert [(one["name"], one["action"]) for one in answer["changes"]] == [("db-01", "removed")]
    error = await refusal(fleet, "fleet.import", file={"name": "decnet.ini", "text": "[a]\namount = x\nservices=ssh"})
    assert error.errors == ("decnet.ini:2:1: [a] amount is a number from 1 to 100",)


async def test_a_group_is_scaled(fleet):
    await fleet.call("fleet.scale", group="web", count=3)

    assert fleet.names == ["web-01", "db-01", "web-02", "web-03"]
    assert fleet.host.plans["db-01"].index == 1


async def test_a_change_is_answered_before_it_is_done_and_too_many_are_refused(fleet):
    fleet.host.gate = asyncio.Event()
    first = await fleet.ask("decky.create", name="first", services=["ssh"])
    *_, last = [await fleet.ask("decky.restart", name="web-01") for _ in range(MAX_WAITING - 1)]
    errors = [
        await refusal(fleet, "decky.create", name="more", services=["ssh"]),
        await refusal(fleet, "decky.restart", name="web-01"),
    ]

    assert ["DN4010"] * 2 == [error.kind.code for error in errors]
    assert (first["operation"]["state"], last["operation"]["state"]) == ("queued", "queued")
    assert (fleet.names, len(fleet.revisions.rows)) == (["web-01", "db-01"], 2)
    fleet.host.gate.set()
    assert (await fleet.desk.ended(last["operation"]["id"])).state is State.SUCCEEDED
    assert fleet.names == ["web-01", "db-01", "first"]
    assert (await fleet.call("decky.restart", name="web-01"))["operation"]["state"] == "succeeded"


async def test_archetypes_are_listed_with_what_is_missing(fleet):
    rows = {row["name"]: row for row in (await fleet.call("archetype.list", VIEWER))["items"]}
    await fleet.call("decky.create", name="w", archetype="web-server")
    shown = await fleet.call("archetype.show", VIEWER, name="web-server")

    assert (len(rows), rows["file-server"]["missing"]) == (18, ["smb", "ftp"])
    assert (shown["deckies"], shown["usable"]) == (["w"], True)
    assert (await fleet.call("archetype.show", name="printer"))["usable"] is False
    assert 'did you mean "printer"?' in (await refusal(fleet, "archetype.show", name="prnter")).detail


async def test_what_was_commanded_survives_a_restart(fleet):
    await fleet.call("decky.delete", name="db-01")
    await fleet.boot(CONFIGURED)

    assert fleet.names == ["web-01"]
    assert len(fleet.revisions.rows) == 2


async def test_another_configuration_is_taken(fleet):
    await fleet.call("decky.delete", name="db-01")
    await fleet.boot(CONFIGURED[:1])
    assert [row.author for row in fleet.revisions.rows] == [CONFIGURATION, "ana", CONFIGURATION]
    await fleet.call("decky.stop", name="web-01")
    await fleet.boot(CONFIGURED[:1])

    assert len(fleet.revisions.rows) == 4


async def test_the_default_fleet_of_a_newer_program_replaces_nobodys():
    async with company() as founded:
        fleet = Fleet(founded)
        await fleet.boot(None)
        default = fleet.names
        await fleet.call("decky.delete", name=default[0])
        await fleet.boot(None)

        assert fleet.names == default[1:]


async def test_a_decky_whose_plugin_is_gone_is_left_out_and_the_others_run(fleet):
    fewer = evolve(INSTALLED, services=("ssh", "http"))
    later = DesiredFleet(fleet.revisions, fewer, now=lambda: 0.0, offload=at_once)

    hostable = await later.take(CONFIGURED)

    assert [plan.name for plan in hostable.plans] == ["web-01"]
    assert list(hostable.left_out) == ["db-01"]


async def test_a_fleet_rests_and_goes_on_as_revisions_that_going_back_does_not_undo(fleet):
    paused = await fleet.call("fleet.pause", reason="an audit")
    again = await fleet.call("fleet.pause")
    back = await fleet.call("fleet.rollback", revision=1)
    created = await fleet.call("decky.create", name="x", services=["ssh"])
    resumed = await fleet.call("fleet.resume")
    rows = (await fleet.call("fleet.history"))["items"]

    assert [one["revision"] for one in (paused, again, back, created, resumed)] == [2, 2, 2, 3, 4]
    assert [one["paused"] for one in (paused, again, back, created, resumed)] == [True, True, True, True, False]
    assert [row["summary"] for row in rows] == ["resumed", "1 created", "paused", "2 created"]


async def test_a_tarpit_is_kept_as_a_revision_and_interrupts_nobody(fleet):
    whole = await fleet.call("decky.tarpit-set", name="web-01", delay=2.5, rate=20, reason="a crowd")
    own = await fleet.call("decky.tarpit-set", name="web-01", service="ssh", rate=5)
    again = await fleet.call("decky.tarpit-set", name="web-01", service="ssh", rate=6)
    shown = (await fleet.call("decky.tarpit-show", name="web-01"))["items"]

    assert [answer["interrupts"] for answer in (whole, own, again)] == [[], [], []]
    assert list(whole["changes"][0]["fields"]) == [{"field": 'tarpit."*"', "old": "", "new": "2.5 s, then 20 B/s"}]
    assert own["changes"][0]["fields"] == [{"field": "tarpit.ssh", "old": "", "new": "5 B/s"}]
    assert [(row["service"], row["delay"], row["rate"]) for row in shown] == [("", 2.5, 20), ("ssh", 0.0, 6)]
    assert again["revision"] == whole["revision"] + 2
    assert "tarpit" in (await fleet.call("fleet.export"))["text"]


async def test_a_tarpit_is_cleared_alone(fleet):
    await fleet.call("decky.tarpit-set", name="web-01", delay=2.5)
    await fleet.call("decky.tarpit-set", name="web-01", service="ssh", rate=5)
    await fleet.call("decky.tarpit-clear", name="web-01")

    assert [row["service"] for row in (await fleet.call("decky.tarpit-show", name="web-01"))["items"]] == ["ssh"]
    with pytest.raises(OperatorError, match="has no tarpit for all its services"):
        await fleet.call("decky.tarpit-clear", name="web-01")


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ({}, "needs a rate"),
        ({"delay": 301.0}, "delay"),
        ({"rate": -1}, "rate"),
        ({"rate": 5, "service": "sssh"}, "no decoy is called 'sssh'"),
        ({"rate": 5, "name": "web-99"}, "web-99"),
    ],
)
async def test_a_tarpit_that_cannot_be_changes_nothing(fleet, args, text):
    with pytest.raises(OperatorError, match=text):
        await fleet.call("decky.tarpit-set", **{"name": "web-01", **args})
    assert len(fleet.revisions.rows) == 1
