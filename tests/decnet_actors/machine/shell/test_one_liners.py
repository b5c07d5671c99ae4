import shutil
import subprocess

import pytest

from tests.decnet_actors.machine.one_liners import ONE_LINERS, SCRIPTS
from tests.decnet_actors.machine.shells import NOW, Visitor, machine

BASH = shutil.which("bash")
VERSION = (
    subprocess.run([BASH, "-c", "echo ${BASH_VERSINFO[0]}${BASH_VERSINFO[1]}"], capture_output=True, check=True).stdout
    if BASH
    else b""
)
pytestmark = pytest.mark.skipif(VERSION.strip() != b"52", reason="needs bash 5.2 to say what is right")


def real(command: str, folder: str) -> tuple[bytes, int]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["env", "--default-signal", "bash", "-c", command],  # whoever runs the tests may ignore some
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=20,
        check=False,
    )
    return done.stdout, done.returncode


def ours(command: str, folder: str) -> tuple[bytes, int]:
    host = machine()
    host.files.mkdir("/root/w", now=NOW)
    # The visitor's home is where a command starts: begin in the scratch folder without a word more on the line.
    home = host.persona.accounts[0]
    assert home.home == "/root"
    seat = Visitor(host, command=command)
    seat.terminal.directory = "/root/w"
    seat.open()
    seat.close()
    seat.settle()
    return seat.output.replace(b"/root/w", folder.encode()), seat.terminal.status


@pytest.mark.parametrize("command", [*ONE_LINERS, *SCRIPTS])
def test_bash_and_we_agree(command, tmp_path):
    folder = tmp_path / "w"
    folder.mkdir()

    assert real(command, str(folder)) == ours(command, str(folder))
