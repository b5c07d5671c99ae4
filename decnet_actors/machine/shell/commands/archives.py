"""This module holds ``tar``: archives in the ustar format (POSIX.1-1988), made and read in bounded memory."""

import stat
from collections.abc import Generator, Iterator, Mapping

from attrs import define, field, frozen

from decnet_actors.machine import dates
from decnet_actors.machine.shell import patterns
from decnet_actors.machine.shell.commands.finding import walk
from decnet_actors.machine.shell.commands.packing import KINDS, PackError, pack, unpack
from decnet_actors.machine.shell.context import Context, Function
from decnet_actors.machine.shell.streams import BREATHE, Pause, Work, pieces

BLOCK = 512  # bytes
RECORD = 20 * BLOCK
MAX_ARCHIVE = 8 << 20  # bytes
MAX_MEMBERS = 5000
_LETTERS = {"create": "c", "extract": "x", "get": "x", "list": "t", "file": "f", "verbose": "v", "gzip": "z",
            "bzip2": "j", "xz": "J", "directory": "C", "append": "r", "update": "u"}  # fmt: skip
_FAMILIES = {"z": "gzip", "j": "bzip2", "J": "xz"}


@frozen
class Member:
    """One entry of an archive."""

    name: str
    mode: int
    uid: int
    gid: int
    modified: float
    kind: str
    target: str
    data: bytes


@define
class _Wanted:
    letters: set[str] = field(factory=set)
    archive: str = "-"
    folder: str = ""
    strip: int = 0
    left_out: list[str] = field(factory=list)
    names: list[str] = field(factory=list)


def _wanted(ctx: Context) -> _Wanted:
    wanted = _Wanted()
    args = list(ctx.args)
    if args and not args[0].startswith("-"):
        args[0] = f"-{args[0]}"
    while args:
        word = args.pop(0)
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            if name in {"exclude", "strip-components"}:
                value = value or (args.pop(0) if args else "")
                wanted.left_out += [value] if name == "exclude" else []
                wanted.strip = int(value[:3]) if name != "exclude" and value.isdecimal() else wanted.strip
                continue
            if name not in _LETTERS:
                if name not in {"no-same-owner", "overwrite", "numeric-owner", "absolute-names", "wildcards"}:
                    ctx.usage(f"tar: unrecognized option '{word}'\n{_TRY}", 64)
                continue
            _letter(wanted, _LETTERS[name], value, args)
        elif word.startswith("-") and len(word) > 1:
            for at, letter in enumerate(word[1:], 2):
                inline = word[at:] if letter in "fC" and not set(word[1:]) <= set(_KNOWN) else ""
                _letter(wanted, letter, inline, args)
                if inline:
                    break
                if letter not in _KNOWN:
                    ctx.usage(f"tar: invalid option -- '{letter}'\n{_TRY}", 64)
        else:
            wanted.names.append(word)
    return wanted


_KNOWN = "cxtrufvzjJCkpPhmOaoSW"
_FAILED = "tar: Exiting with failure status due to previous errors\n"
_ENDED = "tar: Error is not recoverable: exiting now\n"
_TRY = "Try 'tar --help' or 'tar --usage' for more information.\n"


def _letter(wanted: _Wanted, letter: str, value: str, args: list[str]) -> None:
    if letter == "f":
        wanted.archive = value or (args.pop(0) if args else "-")
    elif letter == "C":
        wanted.folder = value or (args.pop(0) if args else "")
    wanted.letters.add(letter)


def tar(ctx: Context) -> Work:
    """Make, list or unpack an archive."""
    wanted = _wanted(ctx)
    if not wanted.letters & set("cxtru"):
        ctx.usage(f"tar: You must specify one of the '-Acdtrux', '--delete' or '--test-label' options\n{_TRY}", 2)
    if "c" in wanted.letters:
        return (yield from _create(ctx, wanted))
    family = next((name for letter, name in _FAMILIES.items() if letter in wanted.letters), "")
    try:
        data = (yield from ctx.stdin.read_all()) if wanted.archive == "-" else ctx.read_file(wanted.archive)
    except OSError as error:
        _cannot_open(ctx, wanted.archive, error, child=bool(family))
        return 2
    family = family or next((name for name, kind in KINDS.items() if data.startswith(kind.magic)), "")
    if family:
        try:
            data = yield from unpack(ctx, data, family)
        except PackError as error:
            ctx.err(f"\n{family}: stdin: {error}\ntar: Child returned status 1\n{_ENDED}")
            return 2
    return (yield from _read(ctx, wanted, data))


def _cannot_open(ctx: Context, name: str, error: OSError, *, child: bool) -> None:
    if ctx.applet:
        ctx.fail(f"can't open '{name}': {error.strerror}")
        return
    who = "tar (child)" if child else "tar"
    ctx.err(f"{who}: {name}: Cannot open: {error.strerror}\n{who}: Error is not recoverable: exiting now\n")
    if child:
        ctx.err("tar: Child returned status 2\ntar: Error is not recoverable: exiting now\n")


def members(data: bytes) -> Iterator[Member | None]:
    """Yield the entries of an archive; ``None`` where it is none."""
    at = count = 0
    long_name = ""
    while at + BLOCK <= len(data) and count < MAX_MEMBERS:
        header = data[at : at + BLOCK]
        if not header.strip(b"\0"):
            return
        if _number(header[148:156]) != sum(header[:148]) + 256 + sum(header[156:]):
            yield None
            return
        size = min(_number(header[124:136]), MAX_ARCHIVE)
        body = data[at + BLOCK : at + BLOCK + size]
        at += BLOCK + -(-size // BLOCK) * BLOCK
        kind = header[156:157].decode("latin-1")
        if kind == "L":  # GNU's long names
            long_name = _text(body)
            continue
        prefix = _text(header[345:500]) if header[257:262] == b"ustar" and header[263:265] == b"00" else ""
        name = long_name or (f"{prefix}/" if prefix else "") + _text(header[:100])
        long_name = ""
        count += 1
        yield Member(
            name,
            _number(header[100:108]) & 0o7777,
            _number(header[108:116]),
            _number(header[116:124]),
            float(_number(header[136:148])),
            kind,
            _text(header[157:257]),
            body,
        )


def _number(raw: bytes) -> int:
    digits = raw.strip(b" \0")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else 0


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _read(ctx: Context, wanted: _Wanted, data: bytes) -> Work:
    status, met = 0, set[str]()
    for member in members(data):
        ctx.world.budget.step()
        if ctx.world.budget.due:
            yield BREATHE
        if member is None:
            ctx.err(f"tar: This does not look like a tar archive\n{_FAILED}")
            return 2
        chosen = next((name for name in wanted.names if _covers(name, member.name)), None)
        if wanted.names and chosen is None:
            continue
        met.add(chosen or "")
        if "t" in wanted.letters:
            ctx.out(f"{_described(ctx, member) if 'v' in wanted.letters else member.name}\n")
            continue
        if "v" in wanted.letters:
            ctx.out(f"{member.name}\n")
        try:
            _extract(ctx, wanted, member)
        except OSError as error:
            ctx.err(f"tar: {member.name}: Cannot open: {error.strerror}\n")
            status = 2
    for name in wanted.names:
        if name not in met:
            ctx.err(f"tar: {name}: Not found in archive\n")
            status = 2
    if status:
        ctx.err(_FAILED)
    return status


def _covers(pattern: str, name: str) -> bool:
    pattern = pattern.rstrip("/")
    return name.rstrip("/") == pattern or name.startswith(f"{pattern}/") or patterns.matches(pattern, name)


def _described(ctx: Context, member: Member) -> str:
    kind = {"5": stat.S_IFDIR, "2": stat.S_IFLNK}.get(member.kind, stat.S_IFREG)
    t = dates.local(ctx.persona, member.modified)
    when = f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {t.tm_hour:02d}:{t.tm_min:02d}"
    owner = f"{ctx.world.user_name(member.uid)}/{ctx.world.group_names().get(member.gid, str(member.gid))}"
    size = len(member.data)
    link = f" -> {member.target}" if member.kind == "2" else ""
    wide = max(19 - len(owner) - 1, len(str(size)))
    return f"{stat.filemode(kind | member.mode)} {owner} {size:>{wide}} {when} {member.name}{link}"


def _extract(ctx: Context, wanted: _Wanted, member: Member) -> None:
    name = "/".join(member.name.strip("/").split("/")[wanted.strip :])
    if not name or ".." in name.split("/"):
        return
    base = f"{wanted.folder.rstrip('/')}/" if wanted.folder else ""
    path = ctx.path(base + name)
    _folders(ctx, path)
    if member.kind == "5":
        if not _there(ctx, path):
            ctx.files.mkdir(path, now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid, mode=member.mode or 0o755)
        return
    if member.kind == "2":
        if _there(ctx, path):
            ctx.files.remove(path, now=ctx.now, uid=ctx.sh.uid)
        ctx.files.symlink(member.target, path, now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid)
        return
    if "O" in wanted.letters:
        ctx.write(member.data)
        return
    ctx.write_file(path, member.data, mechanism="tar")
    ctx.files.chmod(path, member.mode, now=ctx.now, uid=ctx.sh.uid)
    ctx.files.touch(path, now=ctx.now, accessed=None, modified=member.modified, uid=ctx.sh.uid)


def _there(ctx: Context, path: str) -> bool:
    try:
        ctx.files.stat(path, follow=False, uid=ctx.sh.uid)
    except OSError:
        return False
    return True


def _folders(ctx: Context, path: str) -> None:
    parts = ctx.files.resolve(path).split("/")[1:-1]
    for count in range(1, min(len(parts), 64) + 1):
        folder = "/" + "/".join(parts[:count])
        if not _there(ctx, folder):
            ctx.files.mkdir(folder, now=ctx.now, uid=ctx.sh.uid, gid=ctx.sh.gid)


def _create(ctx: Context, wanted: _Wanted) -> Work:
    if not wanted.names:
        ctx.err(f"tar: Cowardly refusing to create an empty archive\n{_TRY}")
        return 2
    out = bytearray()
    status = 0
    base = f"{wanted.folder.rstrip('/')}/" if wanted.folder else ""
    log = ctx.err if wanted.archive == "-" else ctx.out
    for name in wanted.names:
        if name.startswith("/"):
            ctx.err("tar: Removing leading `/' from member names\n")
        if not _there(ctx, ctx.path(base + name)):
            ctx.err(f"tar: {name}: Cannot stat: No such file or directory\n")
            status = 2
            continue
        for step in walk(ctx, base + name.rstrip("/") if name != "/" else name):
            if not isinstance(step, tuple):
                yield step
                continue
            path = step[0].removeprefix(base)
            if any(_covers(pattern, path) or _covers(pattern, path.rpartition("/")[2]) for pattern in wanted.left_out):
                continue
            block = yield from _packed(ctx, step[0], path)
            out += block
            if block and "v" in wanted.letters:
                log(f"{path}{'/' if stat.S_ISDIR(step[1].mode) else ''}\n")
            if len(out) > MAX_ARCHIVE:
                ctx.err("tar: -: Cannot write: No space left on device\ntar: Error is not recoverable: exiting now\n")
                return 2
    out += b"\0" * (
        RECORD - len(out) % RECORD if len(out) % RECORD > RECORD - 2 * BLOCK else -len(out) % RECORD or RECORD
    )
    data = bytes(out)
    family = next((name for letter, name in _FAMILIES.items() if letter in wanted.letters), "")
    if family:
        data = yield from pack(ctx, data, family)
    if wanted.archive == "-":
        yield from ctx.pour(map(bytes, pieces(data)))
    else:
        ctx.write_file(wanted.archive, data)
    if status:
        ctx.err(_FAILED)
    return status


def _packed(ctx: Context, path: str, name: str) -> Generator[Pause, None, bytes]:
    """Return the header and content of one file."""
    yield from ()
    found = ctx.files.stat(ctx.path(path), follow=False, uid=ctx.sh.uid)
    kind, data = "0", b""
    if stat.S_ISDIR(found.mode):
        kind, name = "5", f"{name}/"
    elif stat.S_ISLNK(found.mode):
        kind = "2"
    elif stat.S_ISREG(found.mode):
        data = ctx.read_file(path, MAX_ARCHIVE)
    else:
        return b""
    raw = name.lstrip("/").encode("utf-8", "surrogateescape")[:100]
    owner = ctx.world.user_name(found.uid).encode()[:31]
    group = ctx.world.group_names().get(found.gid, "").encode()[:31]
    header = bytearray(BLOCK)
    header[: len(raw)] = raw
    header[100:157] = (
        f"{found.mode & 0o7777:07o}\0{found.uid & 0o7777777:07o}\0{found.gid & 0o7777777:07o}\0{len(data):011o}\0"
        f"{int(max(found.modified, 0)):011o}\0        {kind}"
    ).encode()
    link = found.target.encode("utf-8", "surrogateescape")[:100]
    header[157 : 157 + len(link)] = link
    header[257:265] = b"ustar  \0"
    header[265 : 265 + len(owner)] = owner
    header[297 : 297 + len(group)] = group
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header) + data + b"\0" * (-len(data) % BLOCK)


COMMANDS: Mapping[str, Function] = {"tar": tar}
