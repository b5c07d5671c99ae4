"""This module holds ``find`` and the walk over trees."""

import re
import stat
from collections.abc import Callable, Generator, Mapping

from decnet_actors.contracts.machine import Stat
from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.commands.listing import long_time
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work

MAX_VISITED = 20_000  # nodes of one walk


def walk(
    ctx: Context, top: str, *, deepest: int | None = None
) -> "Generator[Pause | tuple[str, Stat, int], None, None]":
    """Yield path, stat and depth of everything under a path, it first; errors are written."""
    stack = [(top, 0)]
    visited = 0
    while stack and visited < MAX_VISITED:
        path, depth = stack.pop()
        visited += 1
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        try:
            found = ctx.files.stat(ctx.path(path), follow=False, uid=ctx.sh.uid)
        except OSError as error:
            ctx.fail(f"\u2018{path}\u2019: {error.strerror}")
            continue
        yield path, found, depth
        if stat.S_ISDIR(found.mode) and (deepest is None or depth < deepest):
            try:
                names = ctx.files.list(ctx.path(path), uid=ctx.sh.uid)
            except OSError as error:
                ctx.fail(f"\u2018{path}\u2019: {error.strerror}")
                continue
            stack.extend((f"{path.rstrip('/')}/{name}", depth + 1) for name in reversed(names))


_Test = Callable[[str, Stat], bool]


def find(ctx: Context) -> Work:
    """Find files."""
    args = list(ctx.args)
    tops: list[str] = []
    while args and not args[0].startswith(("-", "(", "!")):
        tops.append(args.pop(0))
    plan = _Find(ctx, args)
    status = 0
    for top in tops or ["."]:
        try:
            ctx.files.stat(ctx.path(top), follow=False, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"\u2018{top}\u2019: {error.strerror}")
            continue
        for step in walk(ctx, top, deepest=plan.deepest):
            if not isinstance(step, tuple):
                yield step
                continue
            path, found, depth = step
            if depth >= plan.shallowest and plan.matches(path, found):
                yield from plan.act(path, found)
    if plan.collected:
        status |= yield from plan.run([word for word in plan.command if word != "{}"] + plan.collected)
    return status


class _Find:
    def __init__(self, ctx: Context, args: list[str]) -> None:
        self.ctx = ctx
        self.deepest: int | None = None
        self.shallowest = 0
        self.alternatives: list[list[_Test]] = [[]]
        self.command: list[str] = []
        self.collect = False
        self.collected: list[str] = []
        self.action = "print"
        self.form = ""
        negate = False
        while args:
            word = args.pop(0)
            if word in {"-o", "-or"}:
                self.alternatives.append([])
            elif word in {"!", "-not"}:
                negate = True
                continue
            elif word in {"(", ")", "-a", "-and", "-xdev", "-mount", "-depth", "-noleaf", "-follow", "-L"}:
                continue
            elif word in {"-print", "-print0", "-delete", "-ls", "-quit", "-prune"}:
                self.action = word[1:]
            elif word in {"-exec", "-execdir", "-ok"}:
                while args and args[0] not in {";", "+"}:
                    self.command.append(args.pop(0))
                if not args:
                    ctx.usage(f"find: missing argument to `{word}'\n")
                self.collect = args.pop(0) == "+"
                self.action = "exec"
            else:
                if not args and word not in {"-empty", "-executable", "-readable", "-writable", "-true", "-nouser"}:
                    known = word in _FIND_WITH_VALUE
                    ctx.usage(
                        f"find: missing argument to `{word}'\n" if known else f"find: unknown predicate `{word}'\n"
                    )
                test = self.test(word, args)
                self.alternatives[-1].append(_negated(test) if negate else test)
            negate = False

    def test(self, word: str, args: list[str]) -> _Test:
        ctx = self.ctx
        if word in {"-empty", "-executable", "-readable", "-writable", "-true", "-nouser"}:
            return {
                "-empty": lambda path, s: (
                    s.size == 0 if stat.S_ISREG(s.mode) else stat.S_ISDIR(s.mode) and not ctx.files.list(ctx.path(path))
                ),
                "-executable": lambda _, s: s.mode & 0o111 != 0,
                "-writable": lambda _, s: ctx.sh.uid in {0, s.uid} or s.mode & 0o002 != 0,
                "-nouser": lambda _, __: False,
            }.get(word, lambda _, __: True)
        value = args.pop(0)
        match word:
            case "-name" | "-iname":
                fold = str.lower if word == "-iname" else str
                return lambda path, _: patterns.matches(fold(value), fold(path.rstrip("/").rpartition("/")[2] or path))
            case "-path" | "-ipath" | "-wholename":
                return lambda path, _: patterns.matches(value, path)
            case "-type":
                kinds = {
                    "f": stat.S_ISREG,
                    "d": stat.S_ISDIR,
                    "l": stat.S_ISLNK,
                    "c": stat.S_ISCHR,
                    "b": stat.S_ISBLK,
                    "s": stat.S_ISSOCK,
                    "p": stat.S_ISFIFO,
                }
                if value[:1] not in kinds:
                    ctx.usage(f"find: Unknown argument to -type: {value}\n")
                return lambda _, s: kinds[value[0]](s.mode)
            case "-user" | "-group":
                names = (
                    {a.name: a.uid for a in ctx.persona.accounts}
                    if word == "-user"
                    else {n: g for g, n in ctx.world.group_names().items()}
                )
                number = names.get(value, int(value[:9]) if value.isdecimal() else -1)
                if number < 0:
                    ctx.usage(f"find: \u2018{value}\u2019 is not the name of a known {word[1:]}\n")
                return lambda _, s: (s.uid if word == "-user" else s.gid) == number
            case "-perm":
                return _permission(value)
            case "-size" | "-mtime" | "-mmin" | "-ctime" | "-atime" | "-cmin" | "-amin":
                return self.numeric(word, value)
            case "-newer":
                try:
                    edge = ctx.files.stat(ctx.path(value), uid=ctx.sh.uid).modified
                except OSError as error:
                    ctx.usage(f"find: \u2018{value}\u2019: {error.strerror}\n")
                return lambda _, s: s.modified > edge
            case "-maxdepth" | "-mindepth":
                number = int(value[:6]) if value.isdecimal() else 0
                self.deepest = number if word == "-maxdepth" else self.deepest
                self.shallowest = number if word == "-mindepth" else self.shallowest
                return lambda _, __: True
            case "-printf":
                self.action, self.form = "printf", value
                return lambda _, __: True
            case _:
                return ctx.usage(f"find: unknown predicate `{word}'\n")

    def numeric(self, word: str, value: str) -> _Test:
        found = re.fullmatch(r"([-+]?)(\d{1,12})([bcwkMG]?)", value)
        if found is None:
            self.ctx.usage(f"find: invalid argument `{value}' to `{word}'\n")
        sign, count, unit = found[1], int(found[2]), found[3]
        scale = {"": 512, "b": 512, "c": 1, "w": 2, "k": 1024, "M": 1 << 20, "G": 1 << 30}[unit]
        span = 86400 if word.endswith("time") else 60

        def amount(s: Stat) -> int:
            if word == "-size":
                return -(-s.size // scale)
            when = {"m": s.modified, "c": s.changed, "a": s.accessed}[word[1]]
            return int((self.ctx.now - when) // span)

        return lambda _, s: (
            amount(s) > count if sign == "+" else amount(s) < count if sign == "-" else amount(s) == count
        )

    def matches(self, path: str, found: Stat) -> bool:
        return any(all(test(path, found) for test in tests) for tests in self.alternatives)

    def act(self, path: str, found: Stat) -> Work:
        ctx = self.ctx
        match self.action:
            case "print0":
                ctx.out(f"{path}\0")
            case "delete":
                try:
                    remove = ctx.files.rmdir if stat.S_ISDIR(found.mode) else ctx.files.remove
                    remove(ctx.path(path), now=ctx.now, uid=ctx.sh.uid)
                except OSError as error:
                    ctx.fail(f"cannot delete \u2018{path}\u2019: {error.strerror}")
            case "ls":
                owner, group = ctx.world.user_name(found.uid), ctx.world.group_names().get(found.gid, str(found.gid))
                when = long_time(ctx, found.modified, {})
                ctx.out(
                    f"{found.inode:>9} {-(-found.size // 4096) * 4:>6} {stat.filemode(found.mode)} "
                    f"{found.links:>3} {owner:<8} {group:<8} {found.size:>8} {when} {path}\n"
                )
            case "printf":
                table = {
                    "p": path,
                    "f": path.rpartition("/")[2],
                    "s": str(found.size),
                    "m": f"{found.mode & 0o7777:o}",
                    "u": ctx.world.user_name(found.uid),
                }
                ctx.out(re.sub(r"%([a-zA-Z])|\\n", lambda m: table.get(m[1], "") if m[1] else "\n", self.form))
            case "exec":
                if self.collect:
                    self.collected.append(path)
                else:
                    yield from self.run([word.replace("{}", path) for word in self.command])
            case "prune" | "quit":
                pass
            case _:
                ctx.out(f"{path}\n")
        return 0

    def run(self, argv: list[str]) -> Work:
        launcher = self.ctx.evaluator.launcher
        path = launcher.find(self.ctx.sh, argv[0]) if argv else None
        if path is None:
            return self.ctx.fail(f"\u2018{argv[0] if argv else ''}\u2019: No such file or directory")
        return (yield from launcher.start(self.ctx.sh.copy(), path, argv))


def _negated(test: _Test) -> _Test:
    return lambda path, found: not test(path, found)


_FIND_WITH_VALUE = frozenset(
    [
        "-name",
        "-iname",
        "-path",
        "-ipath",
        "-type",
        "-user",
        "-group",
        "-perm",
        "-size",
        "-mtime",
        "-mmin",
        "-newer",
        "-maxdepth",
        "-mindepth",
        "-printf",
    ]
)


def _permission(value: str) -> _Test:
    found = re.fullmatch(r"([-/]?)([0-7]{1,5})", value)
    if found is not None:
        bits = int(found[2], 8)
        if found[1] == "-":
            return lambda _, s: s.mode & bits == bits
        if found[1] == "/":
            return lambda _, s: s.mode & bits != 0 or bits == 0
        return lambda _, s: s.mode & 0o7777 == bits
    special = (0o4000 if "u+s" in value or "u=s" in value else 0) | (0o2000 if "g+s" in value or "g=s" in value else 0)
    special |= 0o002 if "o+w" in value or "o=w" in value else 0
    return lambda _, s: special != 0 and s.mode & special == special


COMMANDS: Mapping[str, Function] = {"find": find}
