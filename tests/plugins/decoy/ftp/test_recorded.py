"""What real daemons said to some hundred commands, and what the decoy says to the same."""

import pytest

from tests.plugins.decoy.ftp.replay import RECORDED, perform

TRANSCRIPTS = sorted(RECORDED.glob("*/*.txt"))
# What the decoy does otherwise: (daemon, transcript, command) -> why.
DIFFERENT = {
    ("proftpd", "before_login", "> RNTO b"): "it refuses this one twice, in two of its modules",
    ("proftpd", "line_ends", "> USER ops\\n"): "it takes no line without a return, and so never hears some scanners",
    ("proftpd", "line_ends", "> NOOP \\n"): "as above",
    ("proftpd", "long_line", "> C*5000"): "it drops such a line and waits; a peer that sends them is of no use",
    ("proftpd", "session", "> MLSD"): "it shows the last owner it looked up for root's parent directory",
    ("proftpd", "session", "> MLST"): "it keeps the facts that OPTS MLST chose; here they are always all",
    ("pure-ftpd", "before_login", ">   "): "it says nothing to a line of spaces",
    ("pure-ftpd", "before_login", "> USER"): "it takes no name for a guest, and hangs up on guests",
    ("pure-ftpd", "long_line", "> USER " + "b" * 300): "it cuts the name",
    ("pure-ftpd", "session", "> STOR docs"): "it takes the file and then cannot rename it to a directory",
    ("pure-ftpd", "session", "DX"): "as above",
    ("pure-ftpd", "session", "> ESTP"): "it connects to the peer, which a decky never does",
}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_decoy_says_what_the_daemon_said(path):
    daemon, name = path.parent.name, path.stem
    steps = 0
    for real, ours in perform(daemon, name):
        if (daemon, name, real.done) in DIFFERENT:
            continue
        steps += 1

        assert (real.done, real.replies, sorted(real.data), real.closed) == (
            ours.done,
            ours.replies,
            sorted(ours.data),  # the order of NLST and MLSD is that of the disk
            ours.closed,
        )
    assert steps > 1


@pytest.mark.parametrize("difference", DIFFERENT, ids=str)
def test_every_difference_is_one(difference):
    daemon, name, done = difference

    assert any(
        (real.replies, sorted(real.data), real.closed) != (ours.replies, sorted(ours.data), ours.closed)
        for real, ours in perform(daemon, name)
        if real.done == done
    )
