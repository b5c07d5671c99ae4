"""The turns of a terminal: how long one lasts, and who is served between two."""

import pytest
from attrs import define

from decnet_actors.contracts.machine import Pty
from decnet_actors.machine.shell.state import Limits
from tests.decnet_actors.machine.shells import Visitor, machine, run

DUMB = Pty(term="dumb")
LOOK = 0.0001  # seconds of work between two looks at the work clock: every look counts
SLICE = 0.005
ONLY_TIME = Limits(slice_steps=1 << 40, slice_output=1 << 40, slice_seconds=SLICE)


@define
class WorkClock:
    """A clock that goes on by being looked at."""

    now: float = 0.0

    def __call__(self) -> float:
        self.now += LOOK
        return self.now


def longest_turn(seat: Visitor, clock: WorkClock) -> tuple[float, int]:
    """Let a terminal run to its end; returns its longest turn on the work clock, and how many it took."""
    longest, turns = 0.0, 0
    while not seat.ended and turns < 20_000:
        before = clock.now
        seat.settle(rounds=1)
        longest, turns = max(longest, clock.now - before), turns + 1
    assert seat.ended
    return longest, turns


HEAVY = [
    "i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; echo done",
    "for i in {1..300}; do :; done; echo done",
    'eval "$(yes : | head -c 4000)"; echo done',
    "seq 1 2000 | sort -rn | tail -1; echo done",
    "seq 1 2000 | sed 's/1/2/g' | awk '{print $1}' | grep -v x | cut -c 1-2 | uniq -c; echo done",
    "seq 1 2000 | tac | rev | nl | wc -l; echo done",
    "seq 1 500 | xargs -n1 echo | wc -l; echo done",
    "printf '%s\\n' {1..2000} | wc -l; echo done",
    "x=$(seq 1 500); y=${x//1/22}; y=${x%%*a*b}; y=${x##*a*b}; [[ $x =~ a*a*a*b ]]; echo done",
    "echo /usr/*/* | wc -w; ls -laR /etc | wc -l; find / -name '*a*a*b' | wc -l; echo done",
    "cd /tmp; touch {1..500}; mkdir {1001..1500}; stat * | wc -l; rm -rf *; echo done",
    "head -c 900000 /dev/zero | tee /tmp/a | md5sum; base64 /tmp/a | base64 -d | wc; echo done",
    "head -c 100000 /dev/zero > /tmp/a; od /tmp/a | wc -l; cat -A /tmp/a | wc -c; echo done",
    "awk 'BEGIN{for(i=0;i<3000;i++) a[i]=i; for(k in a) n+=a[k]; print n}'; echo done",
    "seq 1 500 | sed -n 'H;${x;s/\\n/,/g;p}' | wc -c; seq 1 500 | sed ':a;N;$!ba;s/1/2/g' | wc -l; echo done",
    "head -c 400000 /dev/zero > /tmp/a; cksum /tmp/a; gzip -k /tmp/a; gunzip -c /tmp/a.gz | wc -c; echo done",
    "seq 1 400 > /tmp/a; seq 2 401 > /tmp/b; diff /tmp/a /tmp/b | wc -l; comm /tmp/a /tmp/b | wc -l; echo done",
    "tar cf /tmp/a.tar /etc /usr/share 2>/dev/null; tar tf /tmp/a.tar | wc -l; echo done",
    "for i in 1 2 3 4 5 6 7 8; do { for j in {1..200}; do :; done; } & done; wait; echo done",
]  # fmt: skip


@pytest.mark.parametrize("text", HEAVY, ids=lambda text: text[:24])
def test_a_turn_ends_when_its_time_is_up(text):
    clock = WorkClock()
    seat = Visitor(machine(limits=ONLY_TIME, work=clock), command=text).open()
    longest, turns = longest_turn(seat, clock)

    assert seat.output.endswith(b"done\n")
    assert longest < SLICE + 40 * LOOK  # what looks at the clock less often than now and then would show here
    assert turns >= 2


def test_another_shell_is_served_while_one_loops():
    clock = WorkClock()
    host = machine(limits=ONLY_TIME, work=clock)
    busy = Visitor(host, command="while :; do :; done").open()

    for _ in range(5):
        busy.settle(rounds=1)
        assert not busy.ended
        assert busy.wake > busy.now  # it asks to be woken, later

        assert (0, b"served\n") == ((other := run(host, "echo served")).status, other.output)


def test_pasted_lines_share_a_turn():
    clock = WorkClock()
    seat = Visitor(machine(limits=ONLY_TIME, work=clock), pty=DUMB).open()
    before = clock.now
    seat.take(seat.terminal.received(b"for i in 1 2 3 4 5 6 7 8 9; do :; done\r" * 100 + b"exit\r", seat.now))

    assert clock.now - before < 2 * SLICE
    assert seat.now <= seat.wake < seat.now + 0.1  # others first, then the rest
    assert not seat.ended
    seat.settle()
    assert seat.ended


def test_jobs_share_a_turn_and_all_get_on():
    clock = WorkClock()
    seat = Visitor(machine(limits=ONLY_TIME, work=clock), pty=DUMB).open()
    for number in range(6):
        seat.take(seat.terminal.received(b"while :; do echo -n %d >> /tmp/n; done &\r" % number, seat.now))
    longest = 0.0
    for _ in range(100):
        before = clock.now
        seat.settle(rounds=1)
        longest = max(longest, clock.now - before)
    seat.take(seat.terminal.received(b"kill %1 %2 %3 %4 %5 %6; cat /tmp/n\r", seat.now))
    seat.settle(rounds=50)

    assert longest < 2 * SLICE
    assert all(b"%d" % number * 3 in seat.output for number in range(6))


def test_steps_end_a_turn_where_no_clock_measures_it():
    seat = Visitor(machine(limits=Limits(steps=4000, slice_steps=100)), command="while :; do :; done").open()
    turns = 0
    while not seat.ended:
        seat.settle(rounds=1)
        turns += 1

    assert 137 == seat.terminal.status
    assert turns >= 4000 // 100 - 1


@pytest.mark.parametrize(
    "text",
    [
        "grep -E '{}{}b' /tmp/a".format("a?" * 60, "a" * 60),
        "grep -E '(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)(a|a)b' /tmp/a",
        "grep -E 'a*a*a*a*a*a*b' /tmp/a",
        "sed 's/a*b//g' /tmp/a",
        "awk '/a*a*a*b/' /tmp/a",
        "awk '{}' /tmp/a".format("/a" * 1900),
        "x=$(cat /tmp/a); [[ $x =~ a*a*a*b ]]; echo ${x//a*a*b/}; echo ${x%%*a*b}; case $x in *a*a*b) ;; esac",
        "sed 's/.*/" + "&" * 9000 + "/' /tmp/a | wc -c",
        "seq 1 9 | xargs -I 1 echo " + "1" * 90_000,
        "printf '" + "%99999d" * 1000 + "' 1",
        "x=$(cat /tmp/a /tmp/a /tmp/a /tmp/a); y=${x//a/$x}; echo ${#y}",
        "a=" + "b+" * 1999 + "b; b=" + "c+" * 1999 + "c; c=1; echo $((a))",
        "x=$(head -c 1000000 /dev/zero | tr '\\0' a); echo " + '"$x" ' * 3000,
        "x=$(head -c 1000000 /dev/zero | tr '\\0' a); cat <<E | wc -c\n" + "$x" * 3000 + "\nE",
        "head -c 1000000 /dev/zero > /tmp/b; paste " + "/tmp/b " * 3000 + " | wc -c",
        "grep -E 'a{0}" + "{255}" * 40 + "' /tmp/a",
        "grep 'a" + "*" * 900 + "' /tmp/a",
        "PATH=$(yes : | tr -d '\\n' | head -c 900000); foo; foo; foo",
    ],
    ids=lambda text: text[:24],
)
def test_nothing_in_one_command_takes_for_ever(text):
    host = machine()
    run(host, "head -c 2000 /dev/zero | tr '\\0' a > /tmp/a; echo >> /tmp/a")

    ran = run(host, text)

    assert ran.ended  # each of these held everything up for seconds, some for years
    assert len(ran.output) < 4 << 20
