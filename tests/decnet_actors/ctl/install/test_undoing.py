"""Undoing it: the host is as it was, to the byte, wherever either was interrupted."""

import errno
import os

import pytest

from decnet_actors.ctl.install.host import Ids
from tests.decnet_actors.ctl.install.recording import UIDS, listing
from tests.decnet_actors.ctl.install.setting_up import CONFIG, MANIFEST, STATE, UNIT, results


def populated(init):
    """Give the root what a host has already."""
    init.put("etc/systemd/system/other.service", "[Unit]\n")
    init.put("etc/hostname", "host\n")
    init.put("usr/local/share/zsh/site-functions/_other", "#compdef other\n")
    init.at("var/lib").mkdir(parents=True)


def configured(init):
    """Give it a configuration too, and a unit of somebody else."""
    populated(init)
    init.put(CONFIG, "version = 1\n")
    init.at("etc/decnet").chmod(0o755)
    init.put(UNIT, "theirs\n")
    init.at(STATE).mkdir(parents=True)
    init.at(STATE).chmod(0o711)


@pytest.mark.slow
@pytest.mark.parametrize("before", [lambda _init: None, populated, configured], ids=["bare", "populated", "configured"])
@pytest.mark.parametrize("flags", [(), ("--force",), ("--no-start",), ("--neighbours",)], ids=" ".join)
def test_deinit_leaves_the_host_as_it_was(init, before, flags):
    before(init)
    (init.programs / "decnet-netd").touch()
    listed = listing(init.root)
    init(*flags)
    said = init.steps("--deinit", "--dry-run")
    undone = init.steps("--deinit")

    assert listing(init.root) == listed
    assert (init.host.on, init.host.running, list(init.host.users)) == (set(), set(), ["root"])
    assert [step["what"] for step in said] == [step["what"] for step in undone]
    assert [step["result"].replace("would", "done") for step in said] == [step["result"] for step in undone]
    assert init.steps("--deinit") == []


def test_deinit_of_a_host_nobody_set_up_does_nothing(init):
    populated(init)
    listed = listing(init.root)

    assert init.steps("--deinit") == []
    assert listing(init.root) == listed


def test_a_unit_started_by_hand_is_stopped_before_it_goes(init):
    init("--no-start")
    init.host.on.add("decnetd.service")
    init.host.running.add("decnetd.service")
    init("--deinit")

    assert (init.host.on, init.host.running) == (set(), set())
    assert init.host.asked[-1 if not init.host.privileged else -2] == ("reload",)


def test_what_ran_before_runs_after(init):
    init.put(UNIT, "theirs\n")
    init.host.on.add("decnetd.service")
    init.host.running.add("decnetd.service")
    init()
    init("--deinit")

    assert init.host.on == init.host.running == {"decnetd.service"}
    assert init.at(UNIT).read_text() == "theirs\n"


def test_evidence_and_changed_files_are_kept_with_their_owner(init):
    init()
    init.put(f"{STATE}/decnet.db", "evidence")
    init.put(CONFIG, "version = 1\n")
    init.put("etc/decnet/fleet.d/10-office.toml", "[[decky]]\n")
    init.steps("--deinit")

    assert {path for path in listing(init.root) if init.at(path).is_file()} == {
        MANIFEST, CONFIG, f"{STATE}/decnet.db", "etc/decnet/fleet.d/10-office.toml",
    }  # fmt: skip
    assert ("decnet" in init.host.users) is init.host.privileged
    assert results(init.steps("--deinit")) == {"skip"}


@pytest.mark.parametrize("place", ["etc/decnet/tls.pem", f"{STATE}/artifacts/one", "etc/decnet/conf.d/1.toml"])
def test_purge_asks_and_then_leaves_nothing(init, place):
    init()
    init.put(place, "x")
    init.put(UNIT, "changed\n")
    init.steps("--deinit")
    kept = listing(init.root)
    refused = init("--deinit", "--purge")

    assert refused.code == 2
    assert "--yes" in refused.err
    assert listing(init.root) == kept != {}

    init.steps("--deinit", "--purge", "--yes")
    assert listing(init.root) == {}
    assert list(init.host.users) == ["root"]


def test_purge_keeps_to_folders_of_ours(init):
    init()
    init.put("etc/other.conf", "theirs")
    init.put("usr/local/share/other", "theirs")
    init.steps("--deinit", "--purge", "--yes")

    assert {path for path in listing(init.root) if init.at(path).is_file()} == {
        "etc/other.conf",
        "usr/local/share/other",
    }


def test_a_host_can_be_set_up_again_on_what_was_kept(init):
    init()
    init.put(f"{STATE}/decnet.db", "evidence")
    init.steps("--deinit")
    init.steps()
    assert results(init.steps()) == {"skip"}

    init.at(f"{STATE}/decnet.db").unlink()
    init.steps("--deinit")
    assert listing(init.root) == {}


def test_a_group_that_was_there_stays(init):
    if not init.host.privileged:
        pytest.skip("accounts are root's")
    init.host.groups["decnet"] = 777
    init()
    assert init.at(STATE).stat().st_gid == 777

    init("--deinit")
    assert init.host.groups == {"root": 0, "decnet": 777}


def test_a_user_that_was_there_stays(init):
    init.host.users["decnet"] = Ids(uid=UIDS["decnet"], gid=UIDS["decnet"])
    init.host.groups["decnet"] = UIDS["decnet"]
    init()
    init("--deinit")

    assert "decnet" in init.host.users
    assert ("remove", "decnet") not in init.host.asked


# Interrupted.

CHANGING = ("mkdir", "rename", "replace", "unlink", "rmdir", "chmod", "chown", "fchown", "fchmod", "fsync")


STRIDE = 7  # prime, so that every kind of change is met


class Interruption:
    """Lets a number of changes to the file system happen, and fails the next one."""

    def __init__(self, monkeypatch):
        self.left = -1  # as many as there are
        for name in CHANGING:
            monkeypatch.setattr(os, name, self._counting(getattr(os, name)))

    def _counting(self, real):
        def counted(*args, **kwargs):
            if self.left == 0:
                self.left = -1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(args[0]))
            self.left -= self.left > 0
            return real(*args, **kwargs)

        return counted

    def after(self, changes):
        self.left = changes


def interrupted(init, interruption, *flags):
    """Yield once for each change that can fail, after it did."""
    for changes in range(0, 1000, STRIDE):
        interruption.after(changes)
        done = init(*flags)
        stopped = interruption.left < 0
        interruption.after(-1)
        if not stopped:
            assert done.code == 0
            return
        assert done.code == 1, done.out
        assert "No space left on device" in done.err
        yield changes
    pytest.fail("it never came to its end")


@pytest.mark.slow
def test_an_installation_interrupted_anywhere_can_be_finished_and_undone(init, monkeypatch):
    configured(init)
    listed = listing(init.root)
    interruption = Interruption(monkeypatch)
    for _ in interrupted(init, interruption, "--force"):
        init.steps("--force")
        assert results(init.steps()) == {"skip"}
        init.steps("--deinit")
        assert listing(init.root) == listed


@pytest.mark.slow
def test_an_installation_interrupted_anywhere_can_be_undone(init, monkeypatch):
    populated(init)
    listed = listing(init.root)
    interruption = Interruption(monkeypatch)
    for _ in interrupted(init, interruption):
        init.steps("--deinit")
        assert listing(init.root) == listed


@pytest.mark.slow
@pytest.mark.parametrize("before", [populated, configured])
def test_an_undoing_interrupted_anywhere_can_be_finished(init, monkeypatch, before):
    before(init)
    listed = listing(init.root)
    interruption = Interruption(monkeypatch)
    init.steps("--force")
    for _ in interrupted(init, interruption, "--deinit"):
        init.steps("--deinit")
        assert listing(init.root) == listed
        init.steps("--force")
