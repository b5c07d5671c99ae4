"""What a shell, and the files behind it, may keep: every store has a cap, and nothing outlives its session."""

import errno
import gc
import tracemalloc
import weakref

import pytest

from decnet_actors.contracts.machine import Pty
from decnet_actors.machine.quota import Caps
from decnet_actors.machine.shell.state import MAX_FUNCTIONS, MAX_HELD, MAX_NAMES, MAX_VARIABLES, Limits
from tests.decnet_actors.machine.shells import Visitor, machine, run

ENDLESS = Limits(steps=1 << 40, output=1 << 40)


@pytest.mark.parametrize(
    "text",
    [
        "i=0; while :; do printf -v v$i x; i=$((i+1)); done",
        "i=0; while :; do declare -a v$i; i=$((i+1)); done",
        "i=0; while :; do export v$i; i=$((i+1)); done",
        "i=0; while :; do ((v$i=1)); i=$((i+1)); done",
        "i=0; while :; do read -a v$i <<< x; i=$((i+1)); done",
    ],
    ids=["set", "declare", "export", "arithmetic", "read"],
)
def test_a_shell_with_too_many_variables_is_killed(text):
    seat = Visitor(machine(limits=ENDLESS), command=text).open()
    seat.settle(rounds=20 * MAX_VARIABLES)

    assert 137 == seat.terminal.status
    assert seat.ended


@pytest.mark.parametrize(
    "text",
    [
        "x=$(head -c 1000000 /dev/zero | tr '\\0' a); for i in {1..20}; do eval v$i=\\$x; done",
        "x=$(head -c 100000 /dev/zero | tr '\\0' a); for i in {1..200}; do a[$i]=$x; done",
        "x=$(head -c 100000 /dev/zero | tr '\\0' a); a=(); for i in {1..200}; do a+=($x); done",
    ],
    ids=["values", "elements", "appended"],
)
def test_a_shell_that_holds_too_much_text_is_killed(text):
    ran = run(machine(limits=ENDLESS), f"{text}; echo survived")

    assert (137, b"") == (ran.status, ran.output)


def test_what_a_shell_may_hold_is_enough_for_a_payload():
    host = machine()
    size = MAX_HELD // 16
    ran = run(host, f"x=$(head -c {size} /dev/zero | tr '\\0' a); y=$x$x; echo ${{#y}}")

    assert (0, b"%d\n" % (2 * size)) == (ran.status, ran.output)


def test_a_shell_with_too_much_text_in_functions_is_killed():
    body = f": {'x' * 700};"
    text = f'i=0; while [ $i -lt {MAX_FUNCTIONS // len(body) + 2} ]; do eval "f$i() {{ {body} }}"; i=$((i+1)); done'

    few = run(machine(limits=ENDLESS), f"g() {{ {body} }}; echo defined")
    many = run(machine(limits=ENDLESS), f"{text}; echo survived")

    assert (0, b"defined\n") == (few.status, few.output)
    assert (137, b"") == (many.status, many.output)


def test_traps_and_options_are_bounded():
    names = f"for i in {{1..{2 * MAX_NAMES}}}; do trap : SIG$i; shopt -s o$i; done"
    counted = f"trap > /tmp/t; [ $(wc -l < /tmp/t) -lt {MAX_NAMES} ] && echo few"
    text = f"{names} 2>/dev/null; {counted}; shopt -q o{MAX_NAMES + 1}"
    ran = run(machine(limits=ENDLESS), text)

    assert (1, b"few\n") == (ran.status, ran.output)


def test_the_target_of_a_link_has_the_length_of_a_path_and_counts():
    host = machine(caps=Caps(total_bytes=10_000))
    host.files.symlink("x" * 4095, "/tmp/a", now=0.0)
    with pytest.raises(OSError, match="name too long") as long:
        host.files.symlink("x" * 4096, "/tmp/b", now=0.0)
    host.files.symlink("x" * 4095, "/tmp/c", now=0.0)
    with pytest.raises(OSError, match="No space") as full:
        host.files.symlink("x" * 4095, "/tmp/d", now=0.0)

    assert (errno.ENAMETOOLONG, errno.ENOSPC) == (long.value.errno, full.value.errno)
    assert (8190, 2) == host.files.used
    host.files.remove("/tmp/a", now=0.0)
    assert (4095, 1) == host.files.used


def test_names_that_came_and_went_leave_nothing():
    files = machine().files
    files.write("/tmp/warm", b"", now=0.0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(3000):
            files.write(f"/tmp/name-{number}", b"", now=0.0)
            files.remove(f"/tmp/name-{number}", now=0.0)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert after - before < 50_000  # remembered, they were 300 kB


@pytest.mark.parametrize("end", ["exit", "gone"])
def test_a_session_that_is_over_leaves_nothing_for_the_collector(end):
    seat = Visitor(machine(), pty=Pty(term="dumb")).open()
    seat.type("sleep 100 &\rf() { :; }; x=$(head -c 100000 /dev/zero | tr '\\0' a)\r")
    shell = weakref.ref(seat.terminal._sh)
    gc.collect()
    gc.disable()
    try:
        if end == "exit":
            seat.type("exit\r")
        else:
            seat.take(seat.terminal.received(b"sleep 100\r", seat.now))
            seat.terminal.closed(seat.now)
            assert 129 == seat.terminal.status

        assert shell() is None
    finally:
        gc.enable()
