"""Python and perl whose libraries are gone: literals and arithmetic, and honest failures beyond."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decnet_actors.machine.shells import machine, run

HOST = machine()
NO_PTY = (
    'Traceback (most recent call last):\n  File "<string>", line 1, in <module>\n'
    "ModuleNotFoundError: No module named 'pty'\n"
)
PRELUDE = "printf 'print(6*7)\\n' > /tmp/p.py; printf '#!/usr/bin/perl\\nprint \"hi\\\\n\";\\n' > /tmp/p.pl; "


@pytest.mark.parametrize(
    ("command", "output", "status"),
    [
        ("python3 -c \"print('x')\"", "x\n", 0),
        ("python3 -c 'print(1+2*3, 2**10, 7/2, 7//2, -(3-5))'", "7 1024 3.5 3 2\n", 0),
        ("python3 -c 'print(\"a\"*3); import sys; sys.exit(4)'", "aaa\n", 4),
        ("python3 -c 'print()'", "\n", 0),
        ("python3 /tmp/p.py", "42\n", 0),
        ("echo 'print(5)' | python3", "5\n", 0),
        ("python3 -V", "Python 3.11.2\n", 0),
        ("perl -e 'print \"a\\n\"'", "a\n", 0),
        ("perl -e 'print 1+1'", "2", 0),
        ('perl -e \'print 10/4, " ", 9/3, " ", "a"."b"; exit 3\'', "2.5 3 ab", 3),
        ("perl /tmp/p.pl", "hi\n", 0),
        ("chmod +x /tmp/p.pl; /tmp/p.pl", "hi\n", 0),
        (
            "python3 -c 'import pty; pty.spawn(\"/bin/bash\")'",
            NO_PTY,
            1,
        ),
        ("python3 -c 'x = [1]; print(x)'", "Segmentation fault\n", 139),
        ("python3 -c 'print(9**9**9)'", "Segmentation fault\n", 139),
        ("python3 -c 'print(1/0)'", "Segmentation fault\n", 139),
        ("perl -e 'system(\"id\")'", "Segmentation fault\n", 139),
        ("python3 /nosuch", "python3: can't open file '/nosuch': [Errno 2] No such file or directory\n", 2),
    ],
)
def test_what_is_asked_first_is_answered_and_the_rest_fails(command, output, status):
    ran = run(HOST, PRELUDE + command)

    assert (output, status) == (ran.output.decode(), ran.status)


def test_a_module_of_perl_cannot_be_located():
    ran = run(HOST, "perl -e 'use IO::Socket; print 1'")

    assert 2 == ran.status
    assert b"Can't locate IO/Socket.pm in @INC (you may need to install the IO::Socket module)" in ran.output


@pytest.mark.slow
@given(st.text(alphabet="0123456789+-*/%().,'\"\\ax print;\n", max_size=60))
def test_no_program_breaks_the_shell(text):
    host = machine()
    host.files.write("/tmp/p", text.encode(), now=0.0)

    for program in ("python3", "perl"):
        assert run(host, f"{program} /tmp/p; true").status == 0
