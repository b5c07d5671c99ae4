"""The languages of awk and sed, and archives: any text of theirs ends within its budget, and none breaks the shell."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decnet_actors.machine.shell.commands.archives import members
from decnet_actors.machine.shell.state import Limits
from decnet_actors.machine.table import words
from tests.decnet_actors.machine.shells import NOW, machine, run

SMALL = Limits(steps=500, slice_steps=200, output=1 << 16, seconds=600.0)
HOST = machine(limits=SMALL)
AWK_WORDS = (
    *words("""
    BEGIN END { } ( ) [ ] $ $1 $NF x a[x] 1 0 -1 1e99 /a/ + - * / % ^ = += == != < > >> | ~ !~ ! && || ? : , ; ++ --
    if else while do for in return next exit break continue delete print printf getline NR NF length f( substr( split(
    sub( gsub( match( sprintf( system( close(
    """),
    *('"s"', "\n", "function f(a)", "getline <", '"id" | getline', '"%9999d"', '"%*d"', '"%c", 55296'),
)
SED_WORDS = (
    *words(r"""
    s/a/b/ s/a*/&&/g s/\(a\)/\1\1/ s / y/ab/ba/ 1 $ 2,3 /a/ /a/,/b/ 0~2 ! { } ; :a ba ta Ta b d D p P n N g G h H x q
    Q1 = l z i\ , +1 I \ #n
    """),
    *("\n", "a text", "c text", "r /etc/hosts", "w /tmp/w", " "),
)
AWK = st.lists(st.sampled_from(AWK_WORDS), max_size=14).map(" ".join)
SED = st.lists(st.sampled_from(SED_WORDS), max_size=10).map("".join)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(AWK)
def test_any_awk_program_ends(program):
    ran = run(HOST, f"printf 'a b\\nb c\\n' | awk {quoted(program)}; echo ended")

    assert ran.output.endswith(b"ended\n") or ran.status == 137
    assert ran.ended


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(SED)
def test_any_sed_script_ends(script):
    ran = run(HOST, f"printf 'a b\\nb c\\nab\\n' | sed {quoted(script)}; echo ended")

    assert ran.output.endswith(b"ended\n") or ran.status == 137
    assert ran.ended


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2048))
def test_any_bytes_are_an_archive_or_none(data):
    assert len(list(members(data))) <= 1 + len(data) // 512


def test_an_archive_of_ours_is_one_to_others():
    host = machine()
    run(host, "mkdir -p /tmp/d/e; echo one > /tmp/d/f; ln -s f /tmp/d/l; cd /tmp; tar czf a.tgz d")
    with tarfile.open(fileobj=io.BytesIO(host.files.read("/tmp/a.tgz"))) as packed:
        assert {"d", "d/e", "d/f", "d/l"} == set(packed.getnames())
        held = packed.extractfile("d/f")
        assert held is not None
        assert b"one\n" == held.read()
        assert "f" == packed.getmember("d/l").linkname


def test_an_archive_of_others_is_unpacked_and_captured():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("kit/run.sh")
        entry.size, entry.mode = 8, 0o755
        archive.addfile(entry, io.BytesIO(b"echo hi\n"))
    host = machine()
    host.files.write("/tmp/k.tgz", made.getvalue(), now=NOW)
    ran = run(host, "cd /tmp; tar xzf k.tgz; ./kit/run.sh; stat -c %a kit/run.sh")

    assert b"hi\n755\n" == ran.output
    assert b"echo hi\n" in ran.artifacts


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        "awk 'BEGIN{while(1)x=x \"aaaaaaaaaa\"}'",
        "awk 'BEGIN{for(;;)a[i++]=i}'",
        "awk 'function f(n){return f(n+1)} BEGIN{f(0)}'",
        "sed ':a;s/^/xx/;ba' /etc/hostname",
        "sed -n ':a;H;G;ba' /etc/hostname",
        "seq 200000 | sort -n | tail -1",
        "head -c 8000000 /dev/zero | gzip | gunzip | wc -c",
    ],
    ids=["awk text", "awk array", "awk calls", "sed line", "sed hold", "sort", "bomb"],
)
def test_what_would_run_for_ever_or_fill_memory_ends(program):
    ran = run(machine(limits=Limits(steps=3000)), program)

    assert ran.ended
    assert len(ran.output) < 1 << 20
