"""What commands ask, send, and refuse."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import click
import pytest

from decnet_actors.ctl import failure
from decnet_actors.ctl.main import root
from tests.decnet_actors.ctl.canned import CannedDaemon, Stdin, runner
from tests.decnet_actors.ctl.hostile import harmful
from tests.decnet_actors.ctl.samples import NOW
from tests.decnet_actors.ctl.scenes import ANSWERS


@pytest.fixture
def command(capsys):
    return runner(capsys)


@pytest.fixture
def daemon():
    return CannedDaemon()


def test_arguments_are_sent_as_builtins_and_what_was_not_given_is_not(command, daemon):
    command("event", "list", "--decky", "web-01", "--since", "4h", "--until", "2026-01-01T00:00:00Z", daemon=daemon)
    command("credential", "list", "--no-accepted", "--order", "count", "--limit", "5", daemon=daemon)
    command("doctor", "host", "store", daemon=daemon)
    command("selftest", "web-01", "--all-services", daemon=daemon)
    command("api-token", "create", "siem", "--days", "30", daemon=daemon)

    assert daemon.asked == [
        ("event.list", {"decky": "web-01", "since": NOW - 14400, "until": NOW, "limit": 100}),
        ("credential.list", {"accepted": False, "order": "count", "limit": 5}),
        ("doctor.run", {"checks": ["host", "store"]}),
        ("selftest.run", {"deckies": ["web-01"], "all_services": True}),
        ("api-token.create", {"name": "siem", "days": 30.0}),
    ]


def test_flags_before_the_noun_are_defaults(command):
    before = command("-o", "name", "--limit", "1", "decky", "list")
    after = command("-o", "json", "decky", "-o", "csv", "list", "-o", "name", "--limit", "1")
    environment = command("decky", "list", "--limit", "1", environ={"DECNETCTL_OUTPUT": "json"})

    assert before.out == after.out == "text\n"
    assert environment.out != ""


def test_the_environment_mirrors_flags(command, monkeypatch):
    monkeypatch.setenv("DECNETCTL_OUTPUT", "name")
    done = command("plugin", "list", "--limit", "1")

    assert done.out == "text\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("event", "list", "--since", "yesterday"), '"yesterday" is not a time'),
        (("event", "list", "--limit", "many"), "'many' is not a valid integer"),
        (("event", "show"), "Missing argument 'EVENT'"),
        (("evnt",), "No such command 'evnt' (did you mean \"event\"?)"),
        (("event", "lst"), "No such command 'lst' (did you mean \"list\"?)"),
        (("decky", "list", "--columns", "nam"), "no column is called nam"),
        (("decky", "list", "--sort", "nam"), "no column is called nam"),
        (("decky", "list", "-o", "xml"), "'xml' is not one of"),
        (("decky", "list", "--timeout", "soon"), '"soon" is not a duration'),
        (("decky", "list", "\x1b[31m"), "unexpected extra argument (\\x1b[31m)"),
    ],
)
def test_usage_errors_say_what_and_how(command, words, part):
    done = command(*words)

    assert done.code == 2
    assert done.err.startswith("error DN5001: ")
    assert part in done.err
    assert done.out == ""


def test_a_list_follows_the_cursor_until_it_has_enough(command):
    def page(args):
        start = int(args.get("cursor", 0))
        found = [{"name": f"n{number}"} for number in range(start, min(start + args["limit"], start + 400))]
        return {"items": found, "next": str(start + 400)}

    daemon = CannedDaemon(answers={"audit.list": page})
    done = command("audit", "list", "--limit", "1500", "-o", "name", daemon=daemon)

    assert len(done.out.splitlines()) == 1500
    assert [args["limit"] for _, args in daemon.asked] == [1000, 1000, 700, 300]
    assert done.err == "more: --cursor 1600, or a larger --limit\n"


def test_an_empty_list_is_csv_with_headers(command):
    daemon = CannedDaemon(answers={"plugin.list": {"items": [], "next": None}})

    assert command("plugin", "list", "-o", "csv", daemon=daemon).out == "id,kind,name,summary,needs,used,error\r\n"


@pytest.mark.parametrize(
    ("noun", "expected"), [("api-token", "3f9a12c04b7e"), ("plugin", "decoy.ssh"), ("user", "ana"), ("decky", "web-01")]
)
def test_the_name_of_a_row_is_what_the_next_command_takes(command, noun, expected):
    assert expected in command(noun, "list", "-o", "name", daemon=CannedDaemon(answers=ANSWERS)).out.splitlines()


def test_an_empty_list_says_so_on_standard_error(command):
    daemon = CannedDaemon(answers={key: {"items": [], "next": None} for key in ("decky.list", "user.list")})

    assert command("decky", "list", daemon=daemon).err == "nothing found\n"
    assert command("user", "list", daemon=daemon).err == "nothing found; decnetctl user add NAME --role admin\n"
    assert command("decky", "list", "-q", daemon=daemon).err == ""
    assert command("decky", "list", daemon=daemon).out == ""


@pytest.mark.parametrize(
    "words", [("actor", "stop", "decnetd/web"), ("api-token", "revoke", "x"), ("user", "disable", "bo")]
)
def test_danger_asks_first(command, daemon, monkeypatch, words):
    nobody = command(*words, daemon=daemon)
    forbidden = command(*words, "--no-input", daemon=daemon, stdin=Stdin(terminal=True))
    monkeypatch.setattr(sys, "stdin", open(os.devnull))  # noqa: SIM115, PTH123  closed with the process
    refused = command(*words, daemon=daemon, stdin=Stdin(terminal=True))
    sys.stdin.close()

    assert nobody.code == forbidden.code == 2
    assert "--yes" in nobody.err
    assert refused.code == 130
    assert daemon.asked == []
    assert command(*words, "--yes", daemon=daemon).code == 0
    assert len(daemon.asked) == 1


def test_a_dry_run_is_no_danger(command, daemon):
    done = command("backup", "restore", "b.tar", "/x", "--dry-run", daemon=daemon)

    assert done.code == 0
    assert daemon.asked == [("backup.restore", {"name": "b.tar", "into": "/x", "dry_run": True})]


def test_a_password_comes_from_standard_input_and_never_from_the_command_line(command, daemon):
    done = command("user", "add", "bo", "--password-stdin", daemon=daemon, stdin=Stdin("correct horse\nnext\n"))
    nothing = command("user", "add", "bo", "--password-stdin", daemon=daemon, stdin=Stdin(""))
    argv = command("user", "add", "bo", "--password", "x", daemon=daemon)

    assert done.code == 0
    assert daemon.asked == [("user.add", {"name": "bo", "password": "correct horse"})]
    assert (nothing.code, argv.code) == (2, 2)
    assert "no password came on standard input" in nothing.err


def test_watching_asks_again_until_interrupted(command, daemon):
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    done = command("decky", "list", "--watch", "-o", "name", daemon=daemon, sleep=sleep)

    assert done.code == 130
    assert slept == [2.0, 2.0, 2.0]
    assert len(daemon.asked) == 3
    assert "\x1b" not in done.out


@pytest.mark.parametrize(("word", "expected"), [("--watch=500ms", 0.5), ("--watch=0", 0.1)])
def test_watching_has_its_own_pace_within_reason(command, daemon, word, expected):
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        raise KeyboardInterrupt

    command("decky", "list", word, daemon=daemon, sleep=sleep)

    assert slept == [expected]


def test_status_is_exit_3_while_the_daemon_is_not_ready(command):
    daemon = CannedDaemon()
    ready = daemon.call("status.show", {})
    for value, expected in ((True, 0), (False, 3)):
        daemon.answers["status.show"] = {**ready, "ready": value}
        assert command("status", "-o", "json", daemon=daemon).code == expected


def test_doctor_without_a_daemon_makes_the_checks_it_can(command, tmp_path):
    done = command("doctor", "daemon", "host", "--control", str(tmp_path / "none.sock"), connect=None)

    assert done.code == 1
    assert "daemon.control" in done.out
    assert "host.disk" in done.out
    assert "fix: decnetd" in done.out


def test_a_check_nobody_knows_is_an_error(command):
    done = command("doctor", "nothing", daemon=CannedDaemon(error=("DN6001", "gone")))

    assert done.code == 2


def test_selftest_fails_when_a_hop_does(command):
    hop = {"decky": "a", "service": "ssh", "name": "probe", "ok": True, "detail": "", "elapsed_ms": 1.0}
    good = CannedDaemon(answers={"selftest.run": [hop]})
    bad = CannedDaemon(answers={"selftest.run": [{**hop, "ok": False}, hop]})
    none = CannedDaemon(answers={"selftest.run": []})

    assert command("selftest", daemon=good).code == 0
    assert command("selftest", "-o", "jsonl", daemon=bad).code == 1
    assert command("selftest", daemon=none).code == 4


@pytest.mark.parametrize("code", ["DN2107", "dn2107", "2107"])
def test_errors_are_explained_without_a_daemon(command, code):
    done = command("errors", "show", code, connect=None)

    assert done.code == 0
    assert done.out.startswith("DN2107  Address or port cannot be had\n  why:   ")


def test_an_unknown_error_or_topic_is_exit_4_and_names_the_nearest(command):
    unknown = command("errors", "show", "DN2108")
    topic = command("explain", "CredentialSen")

    assert (unknown.code, topic.code) == (4, 4)
    assert 'did you mean "DN2107"?' in unknown.err
    assert 'did you mean "CredentialSeen"?' in topic.err


@pytest.mark.parametrize(
    ("topic", "part"),
    [
        ("web", "web."),
        ("daemon.state_dir", "where evidence"),
        pytest.param(
            "decoy.redis",
            "(plugin)",
            marks=pytest.mark.skipif(
                not entry_points(group="decnet.plugins"), reason="the distribution is not installed"
            ),
        ),
        ("credential_seen", "CredentialSeen  (fact)"),
        ("session.list", "GET /api/v1/sessions"),
        ("session list", "--since"),
        ("dn6001", "(error)"),
    ],
)
def test_everything_with_a_name_is_explained(command, topic, part):
    done = command("explain", topic)

    assert done.code == 0, done.err
    assert part in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_of_their_shell(command, shell):
    done = command("completion", shell)

    assert done.code == 0
    assert "_DECNETCTL_COMPLETE" in done.out


def test_names_complete_from_the_daemon(command, monkeypatch, daemon):
    daemon.answers["decky.list"] = {"items": [{"name": "web-01"}, {"name": "db-01"}], "next": None}
    monkeypatch.setenv("_DECNETCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "decnetctl decky show w")
    monkeypatch.setenv("COMP_CWORD", "3")
    with pytest.raises(SystemExit):
        command(daemon=daemon)


def test_a_shell_without_a_daemon_completes_nothing(daemon):
    daemon.error = ("DN6001", "gone")
    context = click.Context(root())
    decky = root().get_command(context, "decky")
    assert isinstance(decky, click.Group)
    show = decky.get_command(context, "show")
    assert show is not None
    (name,) = [parameter for parameter in show.params if parameter.name == "name"]

    assert name.shell_complete(click.Context(show, obj=None), "w") == []


def test_a_defect_of_ours_is_no_traceback(tmp_path):
    code = (
        "import sys, tempfile\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "from decnet_actors.ctl import failure\n"
        "failure.install_last_resort()\n"
        "raise ZeroDivisionError('\\x1b[31msecret')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    (kept,) = tmp_path.iterdir()

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error DN6500: decnetctl failed with ZeroDivisionError; the traceback is in ")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "Traceback" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0


def test_where_no_file_can_be_written_the_error_is_still_shown(capsys, tmp_path):
    failure._last_resort(ValueError, ValueError("x"), None)
    assert "DN6500" in capsys.readouterr().err
    assert failure._keep("x", lambda: str(tmp_path / "missing")) == "no file (none could be written)"


def test_version_is_shown(command):
    done = command("--version")

    assert done.code == 0
    assert done.out.startswith("decnetctl ")


def test_config_check_shows_every_error_with_its_line_and_is_exit_78(command, tmp_path):
    path = tmp_path / "decnet.toml"
    path.write_text('[daemon]\nhots = "lab"\n[web]\nmin_password = "\\u001bmany"\n')
    people = command("config", "check", str(path), connect=None)
    machine = command("config", "check", str(path), "-o", "json", connect=None)
    items = json.loads(machine.out)["items"]

    assert (people.code, machine.code) == (78, 78)
    assert f'{path}:2:1: error DN1003: unknown key "hots"' in people.out
    assert people.err == "2 errors; nothing was changed.\n"
    assert (items[0]["line"], items[0]["code"]) == (2, "DN1003")
    assert harmful(people.out + machine.out) == set()


def test_config_check_of_a_good_file_says_so(command, tmp_path):
    path = tmp_path / "decnet.toml"
    path.write_text('[daemon]\nhost = "lab"\n')
    done = command("config", "check", str(path))

    assert (done.code, done.out, done.err) == (0, "", "ok  no errors\n")


def test_a_reader_that_has_enough_is_no_traceback():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", "from decnet_actors.ctl.main import main; main()", "errors", "list"],
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )

    assert done.stderr == ""
