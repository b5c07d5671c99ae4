"""This module words errors as BusyBox does: its applets, the builtins of its ash, and its usage blocks.

The commands word their errors as the GNU tools do; what is told here is measured against BusyBox 1.35.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from decnet_actors.domain.persona import Persona
from decnet_actors.machine.shell.synopses import SYNOPSES
from decnet_actors.machine.table import words
from decnet_actors.machine.tree.applets import version

if TYPE_CHECKING:
    from decnet_actors.machine.shell.state import ShellState

Rule: TypeAlias = tuple[re.Pattern[str], str, int | None]  # what GNU says, what BusyBox says, its status if another


def _rule(pattern: str, told: str, status: int | None = None) -> Rule:
    return re.compile(pattern, re.DOTALL), told, status


_REASON = r"([A-Z][^:']*)"  # what the system says of an error
_CANNOT_OPEN = (
    _rule(r"(.+): Is a directory", "read error: Is a directory"),
    _rule(rf"(.+): {_REASON}", r"can't open '\1': \2"),
)
_SUMS = (
    _rule(r"(.+): Is a directory", r"can't read '\1': Is a directory"),
    _rule(rf"(.+): {_REASON}", r"can't open '\1': \2"),
)
_OWNER = (
    _rule(r"invalid (user|group): \u2018(.+)\u2019", r"unknown \1 \2"),
    _rule(rf"(?:cannot access|changing \w+(?: \w+)? of) '(.+)': {_REASON}", r"\1: \2"),
)
_RUNNER = (_rule(r"failed to run command \u2018(.+)\u2019: (.+)", r"can't execute '\1': \2"),)
_APPLETS: Mapping[str, Sequence[Rule]] = {
    "cat": _CANNOT_OPEN,
    "head": (
        _rule(rf"cannot open '(.+)' for reading: {_REASON}", r"\1: \2"),
        _rule(r"error reading '(.+)': (.+)", r"read error: \2"),
    ),
    "tail": (
        _rule(rf"cannot open '(.+)' for reading: {_REASON}", r"can't open '\1': \2"),
        _rule(r"error reading '(.+)': (.+)", r"read error: \2"),
    ),
    "ls": (_rule(rf"cannot (?:access|open directory) '(.+)': {_REASON}", r"\1: \2", 1),),
    "rm": (
        _rule(r"cannot remove '(.+)': Is a directory", r"'\1' is a directory"),
        _rule(rf"cannot remove '(.+)': {_REASON}", r"can't remove '\1': \2"),
    ),
    "rmdir": (_rule(rf"failed to remove '(.+)': {_REASON}", r"'\1': \2"),),
    "mkdir": (_rule(r"cannot create directory \u2018(.+)\u2019: (.+)", r"can't create directory '\1': \2"),),
    "touch": (_rule(rf"(?:cannot touch|setting times of) '(.+)': {_REASON}", r"\1: \2"),),
    "cp": (
        _rule(rf"cannot stat '(.+)': {_REASON}", r"can't stat '\1': \2"),
        _rule(r"-r not specified; omitting directory '(.+)'", r"omitting directory '\1'"),
        _rule(rf"cannot create (?:regular file|directory) '(.+)': {_REASON}", r"can't create '\1': \2"),
        _rule(rf"cannot open '(.+)' for reading: {_REASON}", r"can't open '\1': \2"),
        _rule(r"cannot copy a directory, '(.+)', into itself, '(.+)'", r"recursion detected, omitting directory '\1'"),
    ),
    "mv": (
        _rule(rf"cannot stat '(.+)': {_REASON}", r"can't rename '\1': \2"),
        _rule(rf"cannot move '(.+)' to '.+': {_REASON}", r"can't rename '\1': \2"),
        _rule(r"cannot move '(.+)' to a subdirectory of itself, '.+'", r"can't rename '\1': Invalid argument"),
    ),
    "ln": (
        _rule(rf"failed to access '(.+)': {_REASON}", r"\1: \2"),
        _rule(rf"failed to create \w+ link '(.+?)'(?: -> '.*')?: {_REASON}", r"\1: \2"),
    ),
    "sleep": (_rule(r"invalid time interval \u2018(.*)\u2019", r"invalid number '\1'"),),
    "expr": (_rule(r"syntax error.*", r"syntax error"),),
    "modprobe": (_rule(r"FATAL: Module (\S+) not found.*", r"module \1 not found in modules.dep"),),
    "insmod": (_rule(rf"ERROR: could not load module (.+): {_REASON}", r"can't insert '\1': \2", 254),),
    "rmmod": (_rule(r"ERROR: Module (\S+) .*", r"can't unload module '\1': No such file or directory"),),
    "chmod": (
        _rule(r"invalid mode: \u2018(.*)\u2019", r"invalid mode '\1'"),
        _rule(rf"(?:cannot access|changing permissions of) '(.+)': {_REASON}", r"\1: \2"),
    ),
    "chown": _OWNER,
    "chgrp": _OWNER,
    "find": (_rule(r"\u2018(.+)\u2019: (.+)", r"\1: \2"),),
    "sort": (_rule(rf"cannot read: (.+): {_REASON}", r"\1: \2"),),
    "uniq": (_rule(rf"(.+): {_REASON}", r"can't open '\1': \2"),),
    "sed": (_rule(rf"can't read (.+): {_REASON}", r"\1: \2", 1),),
    "awk": (_rule(r"cannot open (?:\"|')?(.+?)(?:\"|')? \((.+)\)", r"\1: \2", 1),),
    "date": (_rule(r"invalid date \u2018(.*)\u2019", r"invalid date '\1'"),),
    "dd": (_rule(rf"failed to open '(.+)': {_REASON}", r"can't open '\1': \2"),),
    "md5sum": _SUMS, "sha1sum": _SUMS, "sha256sum": _SUMS, "sha512sum": _SUMS,
    "env": (_rule(r"\u2018(.+)\u2019: (.+)", r"can't execute '\1': \2"),),
    "nohup": _RUNNER, "timeout": _RUNNER, "nice": _RUNNER, "setsid": _RUNNER, "ionice": _RUNNER,
    "killall": (_rule(r"(.+): no process found", r"\1: no process killed"),),
    "du": (_rule(rf"cannot (?:access|read directory) '(.+)': {_REASON}", r"\1: \2"),),
    "df": (_rule(rf"(.+): {_REASON}", r"\1: can't find mount point"),),
    "stat": (_rule(rf"cannot statx? '(.+)': {_REASON}", r"can't stat '\1': \2"),),
    "mktemp": (_rule(r"failed to create (?:file|directory) via template \u2018(.+)\u2019: (.+)", r"(null): \2"),),
    "id": (_rule(r"\u2018(.+)\u2019: no such user", r"unknown user \1"),),
    "su": (
        _rule(r"user (.+) does not exist .*", r"unknown user \1"),
        _rule(r"Authentication failure", r"incorrect password"),
    ),
    "umount": (
        _rule(r"(.+): no mount point specified\.?", r"can't unmount \1: No such file or directory", 1),
        _rule(r"(.+): not mounted\.?", r"can't unmount \1: Invalid argument", 1),
    ),
    "diff": (_rule(rf"(.+): {_REASON}", r"can't stat '\1': \2"),),
    "tar": (_rule(rf"(.+): Cannot (?:open|stat): {_REASON}", r"can't open '\1': \2", 1),),
    "cut": (_rule(r"you must specify a list of .*", r"expected a list of bytes, characters, or fields"),),
}  # fmt: skip
_BUILTINS: Mapping[str, Sequence[Rule]] = {
    "cd": (
        _rule(rf"(.*): {_REASON}", r"can't cd to \1: \2", 2),
        _rule(r"too many arguments", r"too many arguments", 2),
    ),
    ".": (_rule(rf"(.*): {_REASON}", r"can't open '\1': \2", 2),),
    "source": (_rule(rf"(.*): {_REASON}", r"can't open '\1': \2", 2),),
    "kill": (
        _rule(r"\((-?\d+)\) - (.+)", r"can't kill pid \1: \2"),
        _rule(r"(.+): arguments must be .*", r"invalid number '\1'"),
        _rule(r"(.+): invalid signal specification", r"bad signal name '\1'"),
        _rule(r"usage: .*", r"you need to specify whom to kill", 1),
    ),
    "printf": (
        _rule(r"(.*): invalid number", r"invalid number '\1'"),
        _rule(r"usage: .*", r"usage: printf FORMAT [ARGUMENT...]", 2),
    ),
    "[": (
        _rule(r"missing `\]'", r"missing ]"),
        _rule(r"(.*): integer expression expected", r"\1: bad number"),
        _rule(r"(.*): (?:unary|binary) operator expected", r"\1: unknown operand"),
    ),
    "export": (_rule(r"`(.*)': not a valid identifier", r"\1: bad variable name", 2),),
    "unset": (_rule(r"`(.*)': not a valid identifier", r"\1: bad variable name", 2),),
}  # fmt: skip
_LIKE_APPLETS = frozenset({"kill", "printf", "[", "test", "echo"})  # builtins whose messages name the shell only
# Applets that write their usage when nothing follows their name.
_WANT_WORDS = frozenset(
    words("""
    arping basename brctl chgrp chmod chown chroot chvt cp cut dirname egrep ether-wake fdisk fgrep find findfs ftpget
    ftpput fuser grep insmod ipcalc kill ln losetup mkdir mkfifo mknod mkswap modinfo mv nameif nc nslookup ping ping6
    pivot_root readlink realpath renice rm rmdir rmmod run-parts sed seq setsid sleep stat su swapoff swapon tar telnet
    test tftp time timeout touch tr traceroute traceroute6 truncate umount unlink unzip usleep uudecode uuencode watch
    wget awk nohup patch
    """)
) - {"find", "fdisk", "kill", "test", "su", "cut", "rmmod"}
_STRICT = frozenset(words("cat cp df du ln ls mkdir mv rm rmdir touch uname wget"))  # whose options are looked at
ENDS_WITH_ONE = frozenset(words("ls mount sed tar umount wget"))  # the GNU tools have other statuses for some failures
_USAGE_STATUS = {"grep": 2, "egrep": 2, "fgrep": 2, "sort": 2, "diff": 2, "cmp": 2, "timeout": 1, "expr": 2}


def applet_words(name: str, message: str, status: int) -> tuple[str, int]:
    """Return what an applet says instead of a message of the GNU tool, and its status."""
    return _reworded(_APPLETS.get(name, ()), message, status)


def builtin_words(name: str, message: str, status: int, sh: "ShellState") -> tuple[str, int]:
    """Return what ash says, after its own name, instead of a message of bash's builtin."""
    text, status = _reworded(_BUILTINS.get("[" if name == "test" else name, ()), message, status)
    if name in _LIKE_APPLETS:
        return text, status
    # It counts the lines of ``-c`` from nought, and those of what is typed not at all.
    line = "" if sh.interactive else f"line {sh.line - sh.command_string}: "
    return f"{name}: {line}{text}", status


def usage_words(persona: Persona, name: str, message: str, status: int) -> tuple[str, int]:
    """Return what an applet writes when it is called wrongly: its usage, after what is wrong with an option."""
    first = message.split("\n", 1)[0]
    base = name.rpartition("/")[2]
    complaint = "invalid option -- " in first or "unrecognized option " in first or "requires an argument" in first
    if found := re.fullmatch(r".*: unknown predicate `(.+)'", first):
        return f"{base}: unrecognized: {found[1]}\n{usage(persona, base)}", 1
    missing = "Try '" in message or "sage:" in message or "missing" in first
    if base in SYNOPSES and (complaint or missing) and not _rules_for(base, first):
        return (f"{first}\n" if complaint else "") + usage(persona, base), _USAGE_STATUS.get(base, 1)
    text, status = applet_words(base, first.removeprefix(f"{name}: "), status)
    return f"{base}: {text}\n", status


def refusal(persona: Persona, name: str, args: Sequence[str]) -> tuple[str, int] | None:
    """Return what an applet writes, and its status, if it is asked for help or called so that it does not begin."""
    if name not in SYNOPSES:
        return None
    if args and args[0] == "--help" and name not in {"echo", "test"}:
        return usage(persona, name), 0
    if not args and name in _WANT_WORDS:
        return usage(persona, name), _USAGE_STATUS.get(name, 1)
    if name in _STRICT and (letter := _stray_letter(SYNOPSES[name], args)):
        return f"{name}: invalid option -- '{letter}'\n{usage(persona, name)}", 1
    return None


def _stray_letter(synopsis: str, args: Sequence[str]) -> str:
    """Return the first letter among some options that a synopsis does not list, or nothing."""
    alone = set("".join(re.findall(r"\[-(\w+)\]", synopsis)))
    valued = set("".join(re.findall(r"-(\w) [A-Z]", synopsis)))
    for word in args:
        if not word.startswith("-") or word == "--":
            return ""
        for letter in word[1:] if not word.startswith("--") else "":
            if letter in valued:
                break
            if letter not in alone:
                return letter
    return ""


def _rules_for(name: str, first: str) -> bool:
    told = first.removeprefix(f"{name}: ")
    return any(pattern.fullmatch(told) for pattern, _, _ in _APPLETS.get(name, ()))


def usage(persona: Persona, name: str) -> str:
    """Return the usage block of an applet, without the list of its options."""
    shown = SYNOPSES[name]
    return f"BusyBox v{version(persona)} multi-call binary.\n\nUsage: {name}{f' {shown}' if shown else ''}\n"


def _reworded(rules: Sequence[Rule], message: str, status: int) -> tuple[str, int]:
    for pattern, told, other in rules:
        if pattern.fullmatch(message):
            return pattern.sub(told, message), status if other is None else other
    return message, status
