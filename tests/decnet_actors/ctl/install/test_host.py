"""Accounts and services with the system's own tools, below a root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decnet_actors.ctl.install.errors import ToolError
from decnet_actors.ctl.install.host import Ids, SystemHost, hidden
from tests.decnet_actors.ctl.install.recording import listing

TOOLS = ("systemd-sysusers", "systemctl", "userdel", "groupdel", "groupadd")
missing = [tool for tool in TOOLS if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
needs_tools = pytest.mark.skipif(bool(missing), reason=f"missing: {', '.join(missing)}")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")
# What the account tools keep for themselves: their lock, and the databases before their last change.
THEIRS = {"etc/.pwd.lock", *(f"etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow"))}
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "group": "root:x:0:\nstaff:x:50:\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
    "gshadow": "root:*::\nstaff:*::\n",
}


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    (place / "etc").mkdir(parents=True)
    for name, text in ACCOUNTS.items():
        (place / "etc" / name).write_text(text)
        (place / "etc" / name).chmod(0o640 if name.endswith("shadow") else 0o644)
    return place


def init(root, *flags):
    program = [sys.executable, "-c", "from decnet_actors.ctl.main import main; main()"]
    return subprocess.run([*program, "init", "--root", str(root), *flags], capture_output=True, text=True, check=False)


@needs_tools
@needs_root
@pytest.mark.slow
def test_a_tree_is_set_up_and_undone_with_the_real_tools(root):
    before = listing(root, without=THEIRS)
    first = init(root)
    host = SystemHost(root)
    decnet = host.user("decnet")

    assert first.returncode == 0, first.stderr
    assert decnet is not None
    assert host.group("decnet") == decnet.gid
    assert (decnet.uid, decnet.gid) == ((root / "var/lib/decnet").stat().st_uid, (root / "etc/decnet").stat().st_gid)
    assert host.enabled("decnetd.service")
    assert "skip   service decnetd.service started" in first.stdout
    assert {line.split()[0] for line in init(root).stdout.splitlines()} == {"skip"}

    undone = init(root, "--deinit")
    assert undone.returncode == 0, undone.stderr
    assert listing(root, without=THEIRS) == before


@needs_tools
@needs_root
def test_a_group_that_was_there_survives_its_user(root):
    with (root / "etc/group").open("a") as file:
        file.write("decnet:x:777:\n")
    (root / "etc/sysusers.d").mkdir()
    (root / "etc/sysusers.d/decnet.conf").write_text("u decnet -\n")
    host = SystemHost(root)
    host.add_accounts("/etc/sysusers.d/decnet.conf")
    user = host.user("decnet")
    assert user is not None
    assert user.gid == 777

    host.remove_account("decnet", group=False)
    assert host.user("decnet") is None
    assert host.group("decnet") == 777


def test_accounts_are_read_from_the_root(root):
    host = SystemHost(root)

    assert host.user("root") == Ids(uid=0, gid=0)
    assert host.group("staff") == 50
    assert host.user("staff") is None
    assert SystemHost(root / "nowhere").group("staff") is None


def test_a_tree_is_never_started(root):
    host = SystemHost(root)

    assert not host.live
    assert host.asleep() == f"{root} is not the running system"
    assert not host.active("decnetd.service")
    assert host.hides(root) == ""


def test_a_tool_that_fails_says_what_it_said(root):
    host = SystemHost(root)
    tool = "systemctl"
    if shutil.which(tool) is None:
        with pytest.raises(ToolError, match=r"no program systemctl") as missed:
            host.enable("none.service")
        assert missed.value.fix == ("apt-get install systemd",)
        return
    with pytest.raises(ToolError, match=r"systemctl .*none\.service") as failed:
        host.enable("none.service")

    assert failed.value.fix == (f"systemctl --root={root} --quiet enable none.service",)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("/home/ana/venv/bin", True),
        ("/root/x", True),
        ("/tmp/x", True),
        ("/opt/decnet/bin", False),
        ("/usr/bin", False),
    ],
)
def test_homes_and_temporary_folders_are_hidden_from_units(place, expected):
    assert hidden(Path(place)) is expected


def test_programs_that_are_not_there_are_missed():
    assert SystemHost(Path("/")).hides(Path("/opt/none/bin")) == "there is no /opt/none/bin/decnetd"
