"""Our shell beside real ones: the same lines, the same files, and what each says of them."""

import pytest

from tests.decnet_actors.machine import scratch
from tests.decnet_actors.machine.corpus import HOME, Case, lines, scripts
from tests.decnet_actors.machine.shells import NOW, Visitor, machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not scratch.can_isolate(), reason="needs root, unshare, bash and busybox for a scratch root"),
]
GOAL = 0.97
KNOWN = frozenset(case.name for case in lines("differences.txt"))  # under headings that say why
SETTING = "export LC_ALL=C.UTF-8 LANG=C.UTF-8; cd w; "


def ours(case: Case, shell: str = "bash") -> scratch.Answer:
    """Run a case on a decky that has the files the real shell has."""
    host = machine()
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


def compared(real: list[scratch.Answer], cases: tuple[Case, ...], shell: str) -> list[str]:
    """Return what differs and is not listed with a reason; print the share that is equal."""
    known = KNOWN & {case.name for case in cases}
    wrong: list[str] = []
    equal = 0
    for theirs, case in zip(real, cases, strict=True):
        mine = ours(case, shell)
        if mine == theirs:
            equal += 1
            assert case.name not in known, f"no longer differs: {case.name}"
        elif case.name not in known:
            wrong.append(f"{case.name}\n  real {theirs}\n  ours {mine}")
    share = equal / len(cases)
    print(f"{shell}: {equal} of {len(cases)} equal, {share:.1%}; {len(known)} listed with a reason")
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
