"""A real systemd, booted in name spaces of its own, runs what ``decnetctl init`` installs."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
SYSTEMD = Path("/lib/systemd/systemd")
FORBIDDEN = 77
BOOT = 110.0  # seconds for all of it; it takes about 15
NAME_SPACES = ("--mount", "--pid", "--cgroup", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc")
missing = [tool for tool in ("unshare", "systemd-sysusers", "setpriv", "useradd", "ip") if shutil.which(tool) is None]

pytestmark = [
    pytest.mark.client,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root boots a systemd"),
    pytest.mark.skipif(not SYSTEMD.exists(), reason="systemd is missing"),
    pytest.mark.skipif(bool(missing), reason=f"missing: {', '.join(missing)}"),
]


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """Boot, and return what the probe found: name -> value."""
    scratch = tmp_path_factory.mktemp("boot")
    (scratch / "layers").mkdir()
    packages = sysconfig.get_path("purelib")
    boot = Path(__file__).with_name("systemd_boot.sh")
    done = subprocess.run(
        ["unshare", *NAME_SPACES, "bash", str(boot), str(scratch), str(TREE), sys.base_prefix, packages],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=BOOT,
        check=False,
    )
    if done.returncode == FORBIDDEN:
        pytest.skip(f"the kernel forbids {(scratch / 'forbidden').read_text().strip()}")
    output = scratch / "output"
    if not output.exists():
        pytest.fail(f"systemd did not boot: {done.stderr.decode()} {(scratch / 'console').read_text()[-2000:]}")
    sys.stderr.write((scratch / "talk").read_text())  # shown with a failure
    return dict(line.partition(" ")[::2] for line in output.read_text().splitlines())


def test_the_daemon_starts_without_any_privilege(findings):
    assert ("0", "0") == (findings["init"], findings["active"])
    assert findings["user"] == "decnet"
    assert int(findings["CapEff"], 16) == int(findings["CapBnd"], 16) == 0
    assert (findings["NoNewPrivs"], findings["Seccomp"]) == ("1", "2")


def test_a_decoy_answers_and_its_event_is_stored(findings):
    assert ("0", "0") == (findings["selftest"], findings["doctor"])


def test_the_second_run_finds_nothing_to_do(findings):
    assert findings["again"] == "skip"


def test_members_of_the_group_may_use_it_and_others_are_told_how(findings):
    assert ("0", "5", "5") == (findings["member"], findings["outsider"], findings["outsider-init"])


def test_a_wrong_file_fails_the_reload_and_leaves_the_daemon_alone(findings):
    assert findings["reload"] == "0"
    assert findings["wrong-reload"] != "0"
    assert findings["still-active"] == "0"


def test_the_helper_is_started_by_its_socket_with_its_three_capabilities(findings):
    net_admin, net_raw, sys_admin = 12, 13, 21  # linux/capability.h

    assert ("0", "0") == (findings["helper-init"], findings["helper-start"])
    assert findings["helper-socket"] == "decnet:600"
    assert findings["helper-user"] == "decnet-netd"
    assert int(findings["helper-capabilities"], 16) == 1 << net_admin | 1 << net_raw | 1 << sys_admin


def test_the_helper_in_its_sandbox_makes_a_place_for_the_daemons_user(findings):
    assert findings["helper-place"] == "10.99.0.7 8080"


def test_deinit_keeps_the_evidence_and_purge_leaves_nothing(findings):
    assert ("0", "0", "0") == (findings["deinit"], findings["evidence"], findings["purge"])
    assert findings["left"] == ""
    assert findings["account"] != "0"
    assert findings["ended"] != "0"
