"""The files an installation gets are right by systemd's own judgement, and in step with the code."""

import configparser
import re
import shlex
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from decnet_actors.app.run import STOP
from decnet_actors.ctl.client import GROUP
from decnet_actors.ctl.install.layout import (
    DAEMON,
    HELPER,
    RUN,
    STATE,
    Account,
    File,
    Folder,
    Started,
    layout,
    shipped,
    unit_text,
)
from decnet_actors.main import CONFIG_INVALID, parser
from decnet_actors.settings import ControlSettings

CONF = Path(__file__).parents[4] / "conf"
UNITS = sorted(place.name for place in (CONF / "systemd").iterdir())
MOST_EXPOSED = 20  # tenths; systemd's scale goes to 100
PROGRAMS = Path("/opt/decnet/bin")
EVERYTHING = layout(PROGRAMS, helper=True, neighbours=True, live=True)

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")


def of_kind(kind):
    return [item for item in EVERYTHING if isinstance(item, kind)]


def folder(path):
    return next(one for one in of_kind(Folder) if one.path == path)


def settings_of(unit):
    """Return section -> key -> values, as systemd reads them: a key may come again."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in unit_text(unit, PROGRAMS).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(key, []).append(value)
    return found


@pytest.fixture
def units(tmp_path):
    """Write the units, with programs that can be run."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("decnetd", "decnet-netd"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    for name in UNITS:
        (tmp_path / name).write_text(unit_text(name, programs))
    return tmp_path


@needs_analyze
@pytest.mark.slow
def test_systemd_finds_nothing_wrong_with_any_unit(units):
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@needs_analyze
@pytest.mark.slow
def test_the_daemon_is_exposed_to_as_little_as_can_be(units):
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED}",
            str(units / "decnetd.service"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None, reason="systemd-tmpfiles is missing")
def test_the_folder_of_sockets_is_the_same_from_every_hand(tmp_path):
    text = shipped("tmpfiles.d/decnet.conf").replace(f" {DAEMON} {DAEMON} ", " - - ")
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={tmp_path}", "-"], input=text.encode(), check=True)
    made = stat.S_IMODE((tmp_path / RUN.lstrip("/")).stat().st_mode)
    unit = settings_of("decnetd.service")["Service"]

    assert made == folder(RUN).mode == int(unit["RuntimeDirectoryMode"][0], 8)
    assert unit["RuntimeDirectory"] == [Path(RUN).name]
    assert f"d {RUN} 0750 {DAEMON} {DAEMON} -" in shipped("tmpfiles.d/decnet.conf").splitlines()


def test_the_folder_of_evidence_is_the_same_from_every_hand():
    unit = settings_of("decnetd.service")["Service"]

    assert unit["StateDirectory"] == [Path(STATE).name]
    assert int(unit["StateDirectoryMode"][0], 8) == folder(STATE).mode
    assert f" {STATE}" in shipped("sysusers.d/decnet.conf")


@pytest.mark.parametrize("name", [DAEMON, HELPER])
def test_an_account_is_what_its_unit_runs_as(name):
    account = next(one for one in of_kind(Account) if one.name == name)
    described = [line.split()[1] for line in shipped(f"sysusers.d/{name}.conf").splitlines() if line.startswith("u ")]
    unit = settings_of({DAEMON: "decnetd.service", HELPER: "decnet-netd.service"}[name])["Service"]

    assert described == [account.name]
    assert unit["User"] == unit["Group"] == [name]
    assert EVERYTHING.index(account) > [getattr(item, "path", "") for item in EVERYTHING].index(account.file)


def test_members_of_the_daemons_group_may_use_its_socket():
    assert DAEMON == GROUP
    assert DAEMON in ControlSettings().admin_groups
    assert settings_of("decnet-netd.socket")["Socket"]["SocketUser"] == [DAEMON]


def test_the_command_lines_of_the_daemons_unit_are_command_lines_of_the_daemon():
    unit = settings_of("decnetd.service")["Service"]
    lines = [shlex.split(line) for line in (*unit["ExecStart"], *unit["ExecReload"])]
    own = [words for words in lines if words[0] == f"{PROGRAMS}/decnetd"]
    checks = [parser().parse_args(words[1:]).check_config for words in own]

    assert checks == [False, True]
    assert lines[-1] == ["/bin/kill", "-HUP", "$MAINPID"]


def test_the_unit_knows_the_daemons_times_and_exit_codes():
    unit = settings_of("decnetd.service")["Service"]

    assert unit["Type"] == ["notify"]
    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == [""]
    assert unit["RestartPreventExitStatus"] == [str(CONFIG_INVALID)]
    assert float(unit["TimeoutStopSec"][0].removesuffix("s")) > STOP


def test_the_helper_has_the_capabilities_it_needs_and_no_others():
    unit = settings_of("decnet-netd.service")["Service"]

    assert unit["CapabilityBoundingSet"] == unit["AmbientCapabilities"] == ["CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN"]
    assert settings_of("decnet-netd.socket")["Socket"]["ListenSequentialPacket"] == [f"{RUN}/netd.sock"]
    assert settings_of("decnet-netd.socket")["Socket"]["SocketMode"] == ["0600"]


def test_only_the_folder_of_the_programs_is_filled_in():
    texts = [place.read_text() for place in CONF.rglob("*") if place.is_file() and place.suffix != ".pyc"]

    assert {found for text in texts for found in re.findall(r"@\w+@", text)} == {"@programs@"}
    assert not [item.path for item in of_kind(File) if "@programs@" in item.text]


def test_every_unit_that_is_started_is_installed_and_wanted():
    for unit in (one.unit for one in of_kind(Started)):
        assert unit in UNITS
        assert settings_of(unit)["Install"]["WantedBy"]


def test_everything_shipped_is_installed_and_in_the_wheel():
    config = configparser.ConfigParser()
    config.read(CONF.parent / "setup.cfg")
    patterns = config["options.package_data"]["conf"].split(", ")
    in_wheel = {place for pattern in patterns for place in CONF.glob(pattern)}
    ours = {place for place in CONF.rglob("*") if place.is_file() and place.suffix not in {".py", ".pyc"}}
    installed = {item.text for item in of_kind(File)}

    assert "conf*" in config["options.packages.find"]["include"].split()
    assert in_wheel == ours
    assert not [place for place in ours if place.read_text().replace("@programs@", str(PROGRAMS)) not in installed]


def test_the_shipped_configuration_is_toml():
    assert isinstance(tomllib.loads(shipped("decnet.toml")), dict)
