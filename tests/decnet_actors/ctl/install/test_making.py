"""Setting up a host: every step is said, and done once."""

import json
import os
import stat
from pathlib import Path

import pytest

from tests.decnet_actors.ctl.canned import Stdin
from tests.decnet_actors.ctl.install.recording import UIDS, RecordingHost, listing
from tests.decnet_actors.ctl.install.setting_up import CONFIG, MANIFEST, STATE, UNIT, results

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def test_everything_is_made_with_its_mode(init):
    assert results(init.steps()) == {"done"}

    modes = {path: stat.S_IMODE(init.at(path).stat().st_mode) for path in (
        "etc/decnet", "etc/decnet/conf.d", "etc/decnet/fleet.d", "etc/decnet/secrets", CONFIG, MANIFEST, STATE, UNIT,
    )}  # fmt: skip

    assert list(modes.values()) == [0o750, 0o750, 0o750, 0o700, 0o640, 0o600, 0o700, 0o644]
    assert f"ExecStart={init.programs}/decnetd\n" in init.at(UNIT).read_text()
    assert "#compdef decnetctl" in init.at("usr/local/share/zsh/site-functions/_decnetctl").read_text()


@needs_root
def test_the_daemon_owns_what_it_writes_and_reads_what_it_must(init):
    init()
    owners = {path: (init.at(path).stat().st_uid, init.at(path).stat().st_gid) for path in (
        "etc/decnet", CONFIG, "etc/decnet/secrets", STATE, MANIFEST, UNIT
    )}  # fmt: skip
    decnet = UIDS["decnet"]

    assert list(owners.values()) == [(0, decnet), (0, decnet), (decnet, decnet), (decnet, decnet), (0, 0), (0, 0)]


def test_the_second_time_there_is_nothing_to_do(init):
    init()
    before = listing(init.root)
    asked = list(init.host.asked)
    again = init()

    assert {line.split()[0] for line in again.out.splitlines()} == {"skip"}
    assert again.err == "ok  nothing to do\n"
    assert listing(init.root) == before
    assert init.host.asked == asked


def test_a_dry_run_says_every_step_and_changes_nothing(init):
    said = init.steps("--dry-run")

    assert results(said) == {"would"}
    assert listing(init.root) == {}
    assert init.host.asked == []
    assert [step["what"] for step in said] == [step["what"] for step in init.steps()]


def test_what_is_shown_is_one_line_a_step(init):
    done = init("--no-start")

    assert done.out.splitlines()[:3] == [
        "done   file /etc/sysusers.d/decnet.conf",
        "done   account decnet" if init.host.privileged else
        "skip   account decnet  (only root can make it; /etc/sysusers.d/decnet.conf does when the system starts)",
        "done   folder /etc/decnet  (0750 root:decnet)",
    ]  # fmt: skip
    assert done.out.splitlines()[-1] == "skip   service decnetd.service started  (--no-start)"


def test_folders_that_others_use_too_are_open_whatever_the_umask(init):
    former = os.umask(0o077)
    try:
        init()
    finally:
        os.umask(former)

    assert stat.S_IMODE(init.at("usr/local/share/zsh").stat().st_mode) == 0o755
    assert stat.S_IMODE(init.at(UNIT).stat().st_mode) == 0o644


def test_services_start_after_their_units_are_read(init):
    init()

    assert init.host.asked[-3:] == [("enable", "decnetd.service"), ("reload",), ("start", "decnetd.service")]


def test_no_start_touches_no_service(init):
    init("--no-start")

    assert [asked for asked in init.host.asked if asked[0] != "add"] == []


def test_where_systemd_does_not_run_units_are_enabled_only(init):
    init.host = RecordingHost(init.root, asleep="systemd does not run here")
    last = init.steps()[-1]

    assert last == {"result": "skip", "what": "service decnetd.service started", "detail": "systemd does not run here"}
    assert init.host.asked[-1] == ("enable", "decnetd.service")


def test_the_helper_comes_with_its_program(init):
    init()
    assert not init.at("etc/systemd/system/decnet-netd.service").exists()

    (init.programs / "decnet-netd").touch()
    init.host.running.clear()
    init()
    order = [asked for asked in init.host.asked if asked[0] == "start"]

    assert init.at("etc/systemd/system/decnet-netd.socket").exists()
    assert ("decnet-netd" in init.host.users) is init.host.privileged
    assert order[-2:] == [("start", "decnet-netd.socket"), ("start", "decnetd.service")]


def test_neighbour_tables_are_raised_only_when_asked(init):
    init()
    assert not init.at("etc/sysctl.d").exists()

    asked = [step for step in init.steps("--neighbours") if step["result"] == "done"]
    assert [(step["what"], step["detail"]) for step in asked] == [
        ("file /etc/sysctl.d/60-decnet.conf", "in force with: sysctl -p /etc/sysctl.d/60-decnet.conf")
    ]


def test_an_ordinary_user_prepares_a_tree_without_owners(init):
    init.host = RecordingHost(init.root, privileged=False)
    first, second = init.steps(), init.steps()

    assert [step["what"] for step in first if step["result"] == "skip"] == ["account decnet"]
    assert results(second) == {"skip"}
    assert {place.lstat().st_uid for place in init.root.rglob("*")} == {os.geteuid()}


# What is there already.


def test_the_operators_configuration_is_kept(init):
    init.put(CONFIG, "version = 1\n")
    kept = next(step for step in init.steps() if step["what"].endswith("decnet.toml"))

    assert kept["result"] == "skip"
    assert init.at(CONFIG).read_text() == "version = 1\n"


def test_force_keeps_the_former_file_beside_the_new_one(init):
    init.put(UNIT, "theirs\n")
    init("--force")
    assert init.at(f"{UNIT}.bak").read_text() == "theirs\n"

    init.put(UNIT, "theirs again\n")
    assert next(step for step in init.steps() if step["what"].endswith("decnetd.service"))["result"] == "skip"
    init("--force")
    assert init.at(f"{UNIT}.bak").read_text() == "theirs\n"
    assert init.at(f"{UNIT}.bak2").read_text() == "theirs again\n"
    assert "ExecStart=" in init.at(UNIT).read_text()


def test_a_masked_unit_stays_masked_unless_forced(init):
    init.at(UNIT).parent.mkdir(parents=True)
    init.at(UNIT).symlink_to("/dev/null")
    init("--no-start")
    assert init.at(UNIT).is_symlink()

    init("--no-start", "--force")
    assert init.at(UNIT).is_file()
    assert init.at(f"{UNIT}.bak").is_symlink()


def test_a_file_nobody_changed_is_brought_up_to_date(init, tmp_path):
    init()
    elsewhere = tmp_path / "other"
    elsewhere.mkdir()
    done = init("-o", "jsonl", programs=elsewhere)
    steps = {step["what"]: step for step in map(json.loads, done.out.splitlines())}

    assert steps["file /etc/systemd/system/decnetd.service"]["detail"] == "brought up to date"
    assert (
        steps["service decnetd.service started"]["detail"] == "runs as before until: systemctl restart decnetd.service"
    )
    assert f"ExecStart={elsewhere}/decnetd\n" in init.at(UNIT).read_text()
    assert not init.at(f"{UNIT}.bak").exists()
    assert init.host.asked[-1] == ("reload",)


@needs_root
def test_evidence_of_another_user_is_not_given_away(init):
    init.put(f"{STATE}/decnet.db", "evidence")
    done = init()

    assert done.code == 1
    assert f"chown -R decnet:decnet {init.at(STATE)}" in done.err
    assert init.at(STATE).stat().st_uid == 0


def test_something_else_in_the_place_of_a_folder_stops_it_and_the_next_run_goes_on(init):
    init.put("etc/decnet/conf.d", "a file\n")
    done = init()

    assert done.code == 1
    assert done.out.splitlines()[-1].startswith("fail   folder /etc/decnet/conf.d  (")
    assert "done   file /etc/sysusers.d/decnet.conf" in done.out
    assert done.err.startswith("error DN6010: ")
    assert f"fix:  mv {init.at('etc/decnet/conf.d')} " in done.err

    init.at("etc/decnet/conf.d").unlink()
    init.steps()
    assert results(init.steps()) == {"skip"}


def test_no_link_leads_out_of_the_root(init, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    init.at("etc").mkdir()
    init.at("etc/systemd").symlink_to(outside)
    done = init()

    assert done.code == 1
    assert "leads out of" in done.err
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("tool", ["add", "enable", "reload", "start"])
def test_a_tool_that_fails_says_so_and_the_next_run_goes_on(init, tool):
    if tool == "add" and not init.host.privileged:
        pytest.skip("accounts are root's")
    init.host.broken = {tool}
    done = init()
    failed = json.loads(init("-o", "jsonl").out.splitlines()[-1])

    assert done.code == 1
    assert failed["result"] == "fail"
    assert failed["detail"] == f"{tool} is broken"
    assert f"fix:  mend {tool}" in done.err

    init.host.broken = set()
    assert "done" in results(init.steps())
    assert results(init.steps()) == {"skip"}


def test_every_format_says_the_steps(init):
    shown = json.loads(init("--dry-run", "-o", "json").out)
    names = init("--dry-run", "-o", "name").out.splitlines()
    rows = init("--dry-run", "-o", "csv").out.split("\r\n")

    assert [step["what"] for step in shown] == names
    assert (rows[0], rows[1]) == ("result,what,detail", "would,file /etc/sysusers.d/decnet.conf,")


def test_what_was_done_before_a_failure_is_valid_json_too(init):
    init.put("etc/decnet/conf.d", "a file\n")
    done = init("-o", "json")

    assert [step["result"] for step in json.loads(done.out)][-1] == "fail"
    assert json.loads(done.err)["code"] == "DN6010"


# Refused.


def test_an_ordinary_user_is_told_which_steps_need_root_and_how(init):
    init.host = RecordingHost(init.root, privileged=False, live=True)
    done = init("--no-start")

    assert done.code == 5
    assert done.err.startswith("error DN4003: only root can set this host up\n  - file /etc/sysusers.d/decnet.conf\n")
    assert f"fix:  sudo {init.programs}/decnetctl init --no-start\n" in done.err
    assert listing(init.root) == {}


def test_an_ordinary_user_may_look(init):
    init.host = RecordingHost(init.root, privileged=False, live=True)

    assert init("--dry-run").code == 0


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        (("--purge",), "--purge needs --deinit"),
        (("--limit", "1"), "--limit would end it in the middle"),
        (("--deinit", "--force"), "--deinit undoes everything"),
        (("--deinit", "--no-start"), "--deinit undoes everything"),
    ],
)
def test_flags_that_make_no_sense_are_refused(init, flags, part):
    done = init(*flags)

    assert done.code == 2
    assert part in done.err
    assert listing(init.root) == {}


def test_purge_takes_no_for_an_answer(init, monkeypatch):
    init()
    before = listing(init.root)
    with Path(os.devnull).open(encoding="ascii") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        done = init("--deinit", "--purge", stdin=Stdin(terminal=True))

    assert done.code == 130
    assert listing(init.root) == before


def test_programs_the_unit_could_not_run_stop_it_first(init):
    init.host = RecordingHost(init.root, hides="/home/ana is hidden")
    done = init()

    assert done.code == 1
    assert "/opt/decnet/bin/decnetctl init" in done.err
    assert listing(init.root) == {}


def test_a_path_a_unit_cannot_hold_stops_it_first(init, tmp_path):
    done = init(programs=tmp_path / "two words")

    assert done.code == 1
    assert "two words" in done.err
    assert listing(init.root) == {}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 2, "made": []}', '{"format": 1, "made": [{"kind": "folder", "path": "etc"}]}',
     '{"format": 1, "made": [{"kind": "x"}]}', '{"format": 1, "made": [{"kind": "file", "path": "/a", "b": 1}]}',
     "[" * 100_000, " " * (2 << 20), "\xff"],
    ids=["empty", "cut", "list", "format", "relative", "kind", "field", "deep", "large", "bytes"],
)  # fmt: skip
@pytest.mark.parametrize("flags", [(), ("--deinit",)], ids=["init", "deinit"])
def test_a_damaged_record_stops_it_first(init, text, flags):
    init.at("etc/decnet").mkdir(parents=True)
    init.at(MANIFEST).write_bytes(text.encode("latin-1"))
    before = listing(init.root)
    done = init(*flags)

    assert done.code == 1
    assert "is damaged" in done.err
    assert f"mv {init.at(MANIFEST)}" in done.err
    assert listing(init.root) == before
