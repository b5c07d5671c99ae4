"""Small programs that look something up or compute: what Debian 12's say, to the byte."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decnet_actors.machine.shells import machine, run

HOST = machine()
SUMS = (
    "1+1", "2^10", "7/3", "scale=3;7/3", "scale=5; 10 % 4.5", "x=5;x*2", "-3+1", "2^-2", "scale=4;2^-2", "(1+2)*3",
    "1/0", "sqrt(16)", "scale=6;sqrt(2)",
    ".5*.5", "1.10*1.10", "10-20", "0.5+0.25", "3 > 2", "2 >= 3", "1 == 1", "2^100",
    "foo(", "1 +", "scale=2;-7/2", "7%3", "-7%3", "2^3^2", "9;8;quit;7", "x", "scale",
)  # fmt: skip
RECORDED = {
    "1+1": "2\n", "2^10": "1024\n", "scale=3;7/3": "2.333\n", "scale=6;sqrt(2)": "1.414213\n", ".5*.5": ".2\n",
    "scale=2;-7/2": "-3.50\n", "9;8;halt;7": "9\n8\n", "2^100": "1267650600228229401496703205376\n", "-7%3": "-1\n",
}  # fmt: skip


def computed(text: str) -> str:
    return run(HOST, f"echo '{text}' | bc").output.decode()


@pytest.mark.parametrize("text", RECORDED)
def test_bc_computes(text):
    assert RECORDED[text] == computed(text)


@pytest.mark.parametrize("text", SUMS)
def test_bc_says_what_the_installed_one_says(text):
    if shutil.which("bc") is None:
        pytest.skip("bc is missing")
    said = subprocess.run(["bc"], input=f"{text}\n", capture_output=True, text=True, timeout=10, check=False)

    assert said.stdout == "".join(
        line for line in computed(text).splitlines(keepends=True) if not line.startswith(("Runtime", "(standard_in)"))
    )


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="0123456789.+-*/%^()=<>!; xsqrtcale", max_size=40))
def test_any_text_for_bc_ends(text):
    ran = run(HOST, f"echo '{text}' | bc; echo ended")

    assert ran.ended
    assert ran.output.endswith(b"ended\n")


@pytest.mark.parametrize(
    ("line", "said", "status"),
    [
        ("getent passwd root", "root:x:0:0:root:/root:/bin/bash\n", 0),
        ("getent passwd 0 nobody9", "root:x:0:0:root:/root:/bin/bash\n", 2),
        ("getent group root", "root:x:0:\n", 0),
        ("getent hosts localhost", "127.0.0.1       localhost\n", 0),
        ("getent nothing 2>&1 | head -1", "Unknown database: nothing\n", 0),
        ("runlevel", "N 5\n", 0),
        ("logname 2>&1", "logname: no login name\n", 1),
        ("hostid", "007f0101\n", 0),
        ("LC_ALL= LANG=C.UTF-8 locale | head -3", 'LANG=C.UTF-8\nLANGUAGE=\nLC_CTYPE="C.UTF-8"\n', 0),
        ("locale -a", "C\nC.utf8\nPOSIX\n", 0),
        ("journalctl -n 5 2>/dev/null", "-- No entries --\n", 0),
        ("getcap /usr/bin/nothing-here 2>&1", "getcap: /usr/bin/nothing-here (No such file or directory)\n", 1),
    ],
)
def test_what_is_looked_up(line, said, status):
    ran = run(HOST, line)

    assert (said, status) == (ran.output.decode(), ran.status)


def test_what_is_looked_up_is_what_the_files_say():
    host = machine()
    run(host, "useradd -m -s /bin/sh intruder")

    assert run(host, "getent passwd intruder").output == run(host, "grep ^intruder: /etc/passwd").output != b""
