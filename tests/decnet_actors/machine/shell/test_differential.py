"""Our shell beside real ones: the same lines, the same files, and what each says of them."""

import re

import pytest
from attrs import evolve

from tests.decnet_actors.machine import scratch
from tests.decnet_actors.machine.corpus import HOME, Case, lines, scripts
from tests.decnet_actors.machine.shells import NOW, Visitor, machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.client,  # real shells, which a quick check need not wait for
    pytest.mark.skipif(not scratch.can_isolate(), reason="needs root, unshare, bash and busybox for a scratch root"),
]
GOAL = 0.97
# What differs, under headings that say why.
KNOWN = {
    "bash": frozenset(case.name for case in lines("differences.txt")),
    "ash": frozenset(case.name for case in lines("busybox_differences.txt")),
}
SETTING = "export LC_ALL=C.UTF-8 LANG=C.UTF-8; cd w; "


def ours(case: Case, shell: str = "bash", distribution: str = "debian:12") -> scratch.Answer:
    """Run a case on a decky that has the files the real shell has."""
    host = machine(distribution=distribution)
    host.files.mkdir("/root/.case", now=NOW)
    host.files.mkdir("/root/w", now=NOW)
    host.files.mkdir("/root/w/tree", now=NOW)
    for name, text in HOME.items():
        host.files.write(f"/root/w/{name}", text.encode(), now=NOW)
    host.files.write("/root/.case/text", case.text.encode(), now=NOW)
    run = f'{shell} -c "$(cat /root/.case/text)" < /dev/null > /root/.case/out 2> /root/.case/err'
    seat = Visitor(host, command=SETTING + run).open()
    seat.close()
    seat.settle()
    out, err = (host.files.read(f"/root/.case/{name}") for name in ("out", "err"))
    return scratch.Answer(out, err, seat.terminal.status)


_BUILD = re.compile(rb"BusyBox v[^\n]* multi-call binary")
_OPTIONS = re.compile(rb"(Usage: [^\n]*(?:\n(?:or: |\t)[^\n]*)*\n).*", re.DOTALL)


def _same_build(answer: scratch.Answer, shell: str) -> scratch.Answer:
    """Return an answer without BusyBox's version, which is the persona's, and what its usage says of the options."""
    if shell != "ash":
        return answer
    out, err = (_OPTIONS.sub(rb"\1", _BUILD.sub(b"BusyBox", data)) for data in (answer.out, answer.err))
    return evolve(answer, out=out, err=err)


def compared(
    real: list[scratch.Answer], cases: tuple[Case, ...], shell: str, distribution: str = "debian:12"
) -> list[str]:
    """Return what differs and is not listed with a reason; print the share that is equal."""
    known = KNOWN[shell] & {case.name for case in cases}
    wrong: list[str] = []
    equal = 0
    for theirs, case in zip(real, cases, strict=True):
        mine = ours(case, shell, distribution)
        if _same_build(mine, shell) == _same_build(theirs, shell):
            equal += 1
            assert case.name not in known, f"no longer differs: {case.name}"
        elif case.name not in known:
            wrong.append(f"{case.name}\n  real {theirs}\n  ours {mine}")
    share = equal / len(cases)
    print(f"{distribution}, {shell}: {equal} of {len(cases)} equal, {share:.1%}; {len(known)} listed with a reason")
    return wrong if share >= GOAL else [f"only {share:.1%} are equal", *wrong]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scratch") / "root"
    scratch.populate(folder, scratch.PROGRAMS)
    return folder


@pytest.mark.parametrize("cases", [lines("one_liners.txt"), scripts("scripts.txt")], ids=["lines", "scripts"])
def test_bash_and_we_agree(root, cases):
    host = machine()
    accounts = {name: host.files.read(f"/etc/{name}").decode() for name in ("passwd", "group", "shadow", "hostname")}
    real = scratch.answers(root, cases, shell="bash", accounts=accounts)

    assert [] == compared(real, cases, "bash")


@pytest.fixture(scope="module")
def busybox_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("busybox") / "root"
    scratch.populate_busybox(folder)
    return folder


# An Alpine has all applets but those of the devices; a device has the shell, and what it takes to be broken into.
@pytest.mark.parametrize(
    ("distribution", "file", "topics"),
    [
        ("alpine:3.19", "lines", r"(?!devices)"),
        ("alpine:3.19", "scripts", ""),
        ("router:mipsel", "lines", "shell|devices"),
        ("dvr:armv7", "lines", "shell|devices"),
    ],
)
def test_busybox_and_we_agree(busybox_root, distribution, file, topics):
    read = lines("busybox_lines.txt") if file == "lines" else scripts("busybox_scripts.txt")
    cases = tuple(case for case in read if re.match(topics, case.topic))
    host = machine(distribution=distribution)
    accounts = {name: host.files.read(f"/etc/{name}").decode() for name in ("passwd", "group", "hostname")}
    real = scratch.answers(busybox_root, cases, shell="ash", accounts=accounts)

    assert [] == compared(real, cases, "ash", distribution)
