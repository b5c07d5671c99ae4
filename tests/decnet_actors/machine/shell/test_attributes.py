"""``chattr +i``: a file nobody changes, not even root, until the attribute is taken away."""

import pytest

from tests.decnet_actors.machine.shells import machine, run

REFUSED = "Operation not permitted"


@pytest.mark.parametrize(
    "attempt",
    [
        "rm -f f",
        "mv f g",
        "echo x > f",
        "echo x >> f",
        "chmod 777 f",
        "chown nobody f",
        "touch f",
        "mv g f",
        "truncate -s 0 f",
    ],
)
def test_a_fixed_file_refuses_even_root(attempt):
    host = machine()
    made = "cd /tmp; echo kept > f; echo other > g; chattr +i f; "
    ran = run(host, f"{made}{attempt}")

    assert 0 != ran.status
    assert REFUSED in ran.output.decode()
    assert b"kept\n" == host.files.read("/tmp/f")


def test_a_fixed_file_is_shown_and_let_go_again():
    host = machine()

    assert "----i---------e------- /tmp/f\n" == run(host, "> /tmp/f; chattr +i /tmp/f; lsattr /tmp/f").output.decode()
    assert 0 == run(host, "chattr -i /tmp/f; rm /tmp/f").status


def test_a_fixed_folder_takes_nothing_new():
    ran = run(machine(), "mkdir /tmp/d; > /tmp/d/f; chattr +i /tmp/d; > /tmp/d/g; rm /tmp/d/f; ls /tmp/d")

    assert 2 == ran.output.decode().count(REFUSED)
    assert ran.output.endswith(b"\nf\n")


def test_only_root_fixes():
    host = machine()
    user = host.persona.people[0].name
    ran = run(host, "> ~/f; chattr +i ~/f; rm ~/f; echo $?", user=user)

    assert f"{REFUSED} while setting flags on" in ran.output.decode()
    assert ran.output.endswith(b"\n0\n")
