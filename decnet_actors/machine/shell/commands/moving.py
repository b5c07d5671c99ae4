"""This module holds the commands that copy, move and re-own: cp, mv, ln, chmod, chown."""

import contextlib
import errno
import stat
from collections.abc import Mapping

from decnet_actors.machine.shell.commands.modes import BadModeError, changed_mode
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.options import getopt
from decnet_actors.machine.shell.streams import BREATHE, Work

MAX_TREE = 5000  # nodes one recursive command touches


def missing_operand(ctx: Context, what: str = "missing operand") -> None:
    """End the command: a word is missing."""
    ctx.usage(f"{ctx.name}: {what}\nTry '{ctx.name} --help' for more information.\n")


def chmod(ctx: Context) -> Work:
    """Change modes."""
    args = [word for word in ctx.args if word not in {"-f", "-v", "-c", "--"}]
    recursive = bool({"-R", "--recursive"} & set(args))
    args = [word for word in args if word not in {"-R", "--recursive"}]
    if not args:
        missing_operand(ctx)
    if len(args) < 2:  # noqa: PLR2004  mode file
        missing_operand(ctx, f"missing operand after \u2018{args[0]}\u2019")
    mode, status = args[0], 0
    try:
        changed_mode(mode, 0o644, umask=ctx.sh.umask, directory=False)
    except BadModeError:
        ctx.usage(f"chmod: invalid mode: \u2018{mode}\u2019\nTry 'chmod --help' for more information.\n")
    yield from ctx.world.capture(everything=True)
    for name in args[1:]:
        queue = [name]
        touched = 0
        while queue and touched < MAX_TREE:
            item = queue.pop()
            touched += 1
            ctx.world.budget.step()
            if ctx.world.budget.due:
                yield BREATHE
            try:
                path = ctx.path(item)
                found = ctx.files.stat(path, uid=ctx.sh.uid)
                new = changed_mode(mode, found.mode, umask=ctx.sh.umask, directory=stat.S_ISDIR(found.mode))
                ctx.files.chmod(path, new, now=ctx.now, uid=ctx.sh.uid)
                if recursive and stat.S_ISDIR(found.mode):
                    queue.extend(f"{item.rstrip('/')}/{child}" for child in ctx.files.list(path, uid=ctx.sh.uid))
            except OSError as error:
                verb = "changing permissions of" if error.errno == errno.EPERM else "cannot access"
                status = ctx.fail(f"{verb} '{item}': {error.strerror}")
    return status


def chown(ctx: Context) -> Work:
    """Change owners."""
    opts = getopt(ctx, "RfvhcHLP", ("recursive/R", "verbose/v", "reference="))
    if len(opts.rest) < 2:  # noqa: PLR2004  owner file
        missing_operand(ctx, f"missing operand after \u2018{opts.rest[0]}\u2019" if opts.rest else "missing operand")
    owner_text, _, group_text = opts.rest[0].replace(".", ":").partition(":")
    if ctx.name == "chgrp":
        owner_text, group_text = "", opts.rest[0]
    accounts = {a.name: a.uid for a in ctx.persona.accounts}
    groups = {name: number for number, name in ctx.world.group_names().items()}
    owner = accounts.get(owner_text, int(owner_text[:9]) if owner_text.isdecimal() else -1)
    group = groups.get(group_text, int(group_text[:9]) if group_text.isdecimal() else -1)
    if (owner_text and owner < 0) or (group_text and group < 0):
        what = "user" if owner_text and owner < 0 else "group"
        ctx.usage(f"{ctx.name}: invalid {what}: \u2018{opts.rest[0]}\u2019\n")
    status = 0
    for name in opts.rest[1:]:
        if ctx.world.budget.due:
            yield BREATHE
        try:
            ctx.files.chown(ctx.path(name), owner, group, now=ctx.now, uid=ctx.sh.uid)
        except OSError as error:
            verb = (
                "cannot access"
                if error.errno == errno.ENOENT
                else f"changing {'group' if ctx.name == 'chgrp' else 'ownership'} of"
            )
            status = ctx.fail(f"{verb} '{name}': {error.strerror}")
    return status


def _target(ctx: Context, target: str, name: str) -> str:
    """Return where a source goes: into the target if that is a directory."""
    try:
        if ctx.files.node(ctx.path(target), uid=ctx.sh.uid).is_dir:
            return f"{target.rstrip('/')}/{name.rstrip('/').rpartition('/')[2]}"
    except OSError:
        pass
    return target


def cp(ctx: Context) -> Work:
    """Copy files."""
    opts = getopt(
        ctx,
        "rRafpivnuLPdTt:x",
        ("recursive/r", "archive/a", "force/f", "preserve/p", "verbose/v", "target-directory=/t", "no-clobber/n"),
    )
    names, target = _operands(ctx, opts.rest, opts.given.get("t"))
    recursive = bool({"r", "R", "a"} & set(opts.given))
    status = 0
    for name in names:
        goal = _target(ctx, target, name)
        queue = [(name, goal)]
        touched = 0
        while queue and touched < MAX_TREE:
            source, destination = queue.pop()
            touched += 1
            ctx.world.budget.step(5)
            if ctx.world.budget.due:
                yield BREATHE
            try:
                found = ctx.files.stat(ctx.path(source), uid=ctx.sh.uid, follow="a" not in opts and "d" not in opts)
            except OSError as error:
                status = ctx.fail(f"cannot stat '{source}': {error.strerror}")
                continue
            if stat.S_ISDIR(found.mode):
                if not recursive:
                    status = ctx.fail(f"-r not specified; omitting directory '{source}'")
                    continue
                if f"{ctx.files.resolve(ctx.path(destination))}/".startswith(
                    f"{ctx.files.resolve(ctx.path(source)).rstrip('/')}/"
                ):
                    status = ctx.fail(f"cannot copy a directory, '{source}', into itself, '{destination}'")
                    continue
            try:
                queue.extend(_copy(ctx, source, destination, keep=bool({"a", "p"} & set(opts.given))))
            except OSError as error:
                status = ctx.fail(_copy_error(ctx, source, destination, error))
                continue
            if "v" in opts:
                ctx.out(f"'{source}' -> '{destination}'\n")
    return status


def _copy(ctx: Context, source: str, destination: str, *, keep: bool) -> list[tuple[str, str]]:
    files, uid = ctx.files, ctx.sh.uid
    from_path, to_path = ctx.path(source), ctx.path(destination)
    found = files.stat(from_path, uid=uid)
    mode = found.mode & 0o7777 & ~(0 if keep else ctx.sh.umask)
    if stat.S_ISDIR(found.mode):
        names = files.list(from_path, uid=uid)
        try:
            files.mkdir(to_path, now=ctx.now, uid=uid, gid=ctx.sh.gid, mode=mode)
        except FileExistsError:
            if not files.node(to_path).is_dir:
                raise
        return [(f"{source.rstrip('/')}/{name}", f"{destination.rstrip('/')}/{name}") for name in names]
    try:
        same = files.stat(to_path, uid=uid).inode == found.inode
    except OSError:
        same = False
    if same:
        raise OSError(0, "are the same file")
    data = files.read(from_path, uid=uid)
    files.write(to_path, data, now=ctx.now, uid=uid, gid=ctx.sh.gid, mode=mode)
    if keep:
        files.touch(to_path, now=ctx.now, accessed=found.accessed, modified=found.modified)
    return []


def _copy_error(ctx: Context, source: str, destination: str, error: OSError) -> str:
    if error.errno == 0:
        return f"'{source}' and '{destination}' are the same file"
    if error.filename == ctx.path(source):
        return f"cannot open '{source}' for reading: {error.strerror}"
    return f"cannot create regular file '{destination}': {error.strerror}"


def _operands(ctx: Context, rest: list[str], into: str | None) -> tuple[list[str], str]:
    if into is not None:
        return rest, into
    if not rest:
        ctx.usage(f"{ctx.name}: missing file operand\nTry '{ctx.name} --help' for more information.\n")
    if len(rest) == 1:
        ctx.usage(
            f"{ctx.name}: missing destination file operand after '{rest[0]}'\nTry '{ctx.name} --help' "
            "for more information.\n"
        )
    if len(rest) > 2:  # noqa: PLR2004  several into one directory
        try:
            is_dir = ctx.files.node(ctx.path(rest[-1]), uid=ctx.sh.uid).is_dir
        except OSError as error:
            ctx.usage(f"{ctx.name}: target '{rest[-1]}': {error.strerror}\n")
        if not is_dir:
            ctx.usage(f"{ctx.name}: target '{rest[-1]}': Not a directory\n")
    return rest[:-1], rest[-1]


def install(ctx: Context) -> Work:
    """Copy files and set their modes; ``-d`` makes directories."""
    opts = getopt(ctx, "bcCdDg:m:o:pst:Tv", ("mode=/m", "directory/d", "owner=/o", "group=/g"))
    mode = changed_mode(opts.given.get("m", "755"), 0, umask=0, directory=False)
    if "d" in opts:
        for name in opts.rest:
            ctx.files.mkdir(ctx.path(name), now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid, mode=mode)
        return 0
    sources, target = _operands(ctx, opts.rest, opts.given.get("t"))
    for name in sources:
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        try:
            data = ctx.read_file(name)
        except OSError as error:
            return ctx.fail(f"cannot stat '{name}': {error.strerror}")
        place = _target(ctx, target, name)
        ctx.write_file(place, data, mechanism="install")
        ctx.files.chmod(ctx.path(place), mode, now=ctx.now, uid=ctx.sh.uid)
    return 0


def mv(ctx: Context) -> Work:
    """Move files."""
    opts = getopt(ctx, "fivnuTt:", ("force/f", "verbose/v", "no-clobber/n", "target-directory=/t"))
    names, target = _operands(ctx, opts.rest, opts.given.get("t"))
    yield from ctx.world.capture(everything=True)
    status = 0
    for name in names:
        if ctx.world.budget.due:
            yield BREATHE
        goal = _target(ctx, target, name)
        try:
            ctx.files.stat(ctx.path(name), follow=False, uid=ctx.sh.uid)
        except OSError as error:
            status = ctx.fail(f"cannot stat '{name}': {error.strerror}")
            continue
        try:
            if ctx.files.resolve(ctx.path(name)) == ctx.files.resolve(ctx.path(goal)):
                status = ctx.fail(f"'{name}' and '{goal}' are the same file")
                continue
            ctx.files.rename(ctx.path(name), ctx.path(goal), now=ctx.now, uid=ctx.sh.uid)
        except OSError as error:
            if error.errno == errno.EINVAL:
                status = ctx.fail(f"cannot move '{name}' to a subdirectory of itself, '{goal}'")
            else:
                status = ctx.fail(f"cannot move '{name}' to '{goal}': {error.strerror}")
            continue
        if "v" in opts:
            ctx.out(f"renamed '{name}' -> '{goal}'\n")
    return status


def ln(ctx: Context) -> int:
    """Make links; a hard link becomes a copy."""
    opts = getopt(ctx, "sfnvirTt:", ("symbolic/s", "force/f", "verbose/v", "no-dereference/n"))
    if not opts.rest:
        ctx.usage("ln: missing file operand\nTry 'ln --help' for more information.\n")
    source = opts.rest[0]
    target = opts.rest[1] if len(opts.rest) > 1 else source.rpartition("/")[2]
    goal = _target(ctx, target, source)
    path = ctx.path(goal)
    kind = "symbolic" if "s" in opts else "hard"
    try:
        if "f" in opts:
            with contextlib.suppress(FileNotFoundError):
                ctx.files.remove(path, now=ctx.now, uid=ctx.sh.uid)
        if "s" in opts:
            ctx.files.symlink(source, path, now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid)
            return 0
        found = ctx.files.stat(ctx.path(source), uid=ctx.sh.uid)
        if stat.S_ISDIR(found.mode):
            return ctx.fail(f"{source}: hard link not allowed for directory")
        try:
            ctx.files.stat(path, follow=False)
        except FileNotFoundError:
            ctx.files.write(
                path,
                ctx.files.read(ctx.path(source)),
                now=ctx.now,
                uid=ctx.sh.uid,
                gid=ctx.sh.gid,
                mode=found.mode & 0o777,
            )
            return 0
        return ctx.fail(f"failed to create hard link '{goal}': File exists")
    except OSError as error:
        if kind == "hard" and error.filename == ctx.path(source):
            return ctx.fail(f"failed to access '{source}': {error.strerror}")
        return ctx.fail(f"failed to create {kind} link '{goal}': {error.strerror}")


COMMANDS: Mapping[str, Function] = {
    "chmod": chmod, "chown": chown, "chgrp": chown, "cp": cp, "install": install, "mv": mv, "ln": ln, "link": ln,
}  # fmt: skip
