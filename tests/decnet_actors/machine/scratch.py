"""A scratch root with real programs of this machine, in which a corpus runs and nothing else can be reached."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from tests.decnet_actors.machine.corpus import HOME, Case

PROGRAMS = [
    "bash",
    "dash",
    "[",
    "arch",
    "mawk",
    "b2sum",
    "base32",
    "base64",
    "basename",
    "bunzip2",
    "bzip2",
    "cat",
    "chgrp",
    "chmod",
    "chown",
    "cksum",
    "cmp",
    "column",
    "comm",
    "cp",
    "csplit",
    "cut",
    "date",
    "dd",
    "df",
    "diff",
    "dirname",
    "du",
    "echo",
    "egrep",
    "env",
    "expand",
    "expr",
    "factor",
    "false",
    "fgrep",
    "file",
    "find",
    "fmt",
    "fold",
    "grep",
    "groups",
    "gunzip",
    "gzip",
    "head",
    "hexdump",
    "hostname",
    "id",
    "install",
    "join",
    "kill",
    "killall",
    "link",
    "ln",
    "logname",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mktemp",
    "mv",
    "nice",
    "nl",
    "nohup",
    "nproc",
    "numfmt",
    "od",
    "paste",
    "pkill",
    "printenv",
    "printf",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "rev",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "sha1sum",
    "sha256sum",
    "sh",
    "shred",
    "shuf",
    "sleep",
    "sort",
    "split",
    "stat",
    "strings",
    "sum",
    "sync",
    "tac",
    "tail",
    "tar",
    "tee",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "truncate",
    "tsort",
    "tty",
    "uname",
    "unexpand",
    "uniq",
    "unlink",
    "w",
    "wc",
    "wget",
    "which",
    "whoami",
    "xargs",
    "xxd",
    "xz",
    "yes",
    "zcat",
]
DATA = ("/usr/share/misc/magic.mgc", "/usr/lib/file/magic.mgc", "/usr/lib/locale/C.utf8")
TIMEOUT = 120  # seconds, of a whole corpus
# Runs every case in a home of its own, its streams in files: one start of the scratch root serves all of them.
DRIVER = r"""
cd /cases || exit 1
for case in *; do
    rm -rf /root; cp -a /seed /root; cd /root/w
    env -i HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 LC_ALL=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        timeout -s KILL 10 {shell} -c "$(cat /cases/$case/text)" \
        < /dev/null > /cases/$case/out 2> /cases/$case/err
    echo $? > /cases/$case/status
    cd /cases
done
"""


@frozen
class Answer:
    """What a case gave."""

    out: bytes
    err: bytes
    status: int


def can_isolate() -> bool:
    """Return whether a scratch root can be entered here: it takes root, and namespaces of its own."""
    tools = ("unshare", "bash", "busybox", "ldd")
    if os.geteuid() or not all(map(shutil.which, tools)):
        return False
    return _isolated(Path("/"), ["true"], check=False) == 0


def populate_busybox(root: Path) -> None:
    """Make a root whose only program is this machine's BusyBox, under the names of all its applets."""
    populate(root, ("busybox",))
    names = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        place = root / "usr/bin" / name
        if not place.is_symlink() and not place.exists():
            place.symlink_to("busybox")


def populate(root: Path, programs: Sequence[str]) -> None:
    """Copy programs of this machine and what they load into a root."""
    (root / "usr/bin").mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("proc", "dev", "tmp", "var/run", "mnt", "etc", "cases"):
        (root / name).mkdir(parents=True)
    needed = set[str](DATA)
    if "mawk" in programs:
        (root / "usr/bin/awk").symlink_to("mawk")
    for name in programs:
        path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if path is None:
            continue
        shutil.copy(path, root / "usr/bin" / name)
        loaded = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        needed |= set(re.findall(r"(/\S+) \(0x", loaded))
    for source in sorted(needed):
        target = root / source.removeprefix("/")
        if Path(source).is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif Path(source).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for name, minor in (("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9)):
        os.mknod(root / "dev" / name, 0o020666, os.makedev(1, minor))
        (root / "dev" / name).chmod(0o666)
    for name, pointed in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(pointed)
    (root / "tmp").chmod(0o1777)
    plant(root / "seed/w")


def plant(folder: Path) -> None:
    """Write the files of the corpus' home."""
    for name, text in HOME.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def answers(root: Path, cases: Sequence[Case], *, shell: str, accounts: Mapping[str, str]) -> list[Answer]:
    """Run cases with the shell of a scratch root; ``accounts`` are files of its ``/etc``."""
    for name, text in accounts.items():
        (root / "etc" / name).write_text(text)
    shutil.rmtree(root / "cases")
    for number, case in enumerate(cases):
        folder = root / "cases" / f"{number:04d}"
        folder.mkdir(parents=True)
        (folder / "text").write_text(case.text)
    (root / "driver").write_text(DRIVER.replace("{shell}", shell))
    _isolated(root, [*shell.split(), "/driver"])
    return [_answer(folder) for folder in sorted((root / "cases").iterdir())]


def _answer(folder: Path) -> Answer:
    return Answer(
        (folder / "out").read_bytes(), (folder / "err").read_bytes(), int((folder / "status").read_text() or -1)
    )


def _isolated(root: Path, command: Sequence[str], *, check: bool = True) -> int:
    entered = ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
    entered += [f"--mount-proc={root / 'proc'}", "chroot", str(root)]
    return subprocess.run(
        ["env", "--default-signal", *entered, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=TIMEOUT,
        check=check,
    ).returncode
