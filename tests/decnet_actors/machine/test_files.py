import errno
import stat

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from decnet_actors.contracts.decky_files import NOBODY
from decnet_actors.contracts.machine import Stat
from decnet_actors.machine.files import TreeFiles
from decnet_actors.machine.node import Node, directory, file
from decnet_actors.machine.quota import Caps
from tests.decnet_actors.machine.trees import ListStore, tree_of

NOW = 1000.0


def empty(caps: Caps | None = None) -> TreeFiles:
    root = directory(0o755, 0.0)
    root.children = {"tmp": directory(0o1777, 0.0), "root": directory(0o700, 0.0)}
    root.inode = 2
    return tree_of(root, caps=caps).view(NOBODY)


def code_of(call) -> int:
    try:
        call()
    except OSError as error:
        return error.errno or -1
    return 0


def test_what_is_written_is_read():
    files = empty()
    files.write("/tmp/a", b"hello", now=NOW)
    files.write("/tmp/a", b" world", now=NOW, append=True)

    assert files.read("/tmp/a") == b"hello world"
    assert files.read("/tmp/a", offset=6, size=3) == b"wor"
    assert files.stat("/tmp/a").size == 11
    assert files.list("/tmp") == ["a"]


@pytest.mark.parametrize(
    ("expected", "call"),
    [
        (errno.ENOENT, lambda f: f.read("/none")),
        (errno.ENOENT, lambda f: f.write("/none/x", b"", now=NOW)),
        (errno.ENOENT, lambda f: f.stat("")),
        (errno.ENOTDIR, lambda f: f.read("/tmp/file/x")),
        (errno.ENOTDIR, lambda f: f.stat("/tmp/file/")),
        (errno.ENOTDIR, lambda f: f.list("/tmp/file")),
        (errno.ENOTDIR, lambda f: f.rmdir("/tmp/file", now=NOW)),
        (errno.EISDIR, lambda f: f.read("/tmp")),
        (errno.EISDIR, lambda f: f.write("/tmp", b"", now=NOW)),
        (errno.EISDIR, lambda f: f.remove("/tmp", now=NOW)),
        (errno.EISDIR, lambda f: f.truncate("/tmp", 1, now=NOW)),
        (errno.EEXIST, lambda f: f.mkdir("/tmp", now=NOW)),
        (errno.EEXIST, lambda f: f.symlink("x", "/tmp/file", now=NOW)),
        (errno.ENOTEMPTY, lambda f: f.rmdir("/tmp/full", now=NOW)),
        (errno.ENOTEMPTY, lambda f: f.rename("/tmp/dir", "/tmp/full", now=NOW)),
        (errno.EINVAL, lambda f: f.rename("/tmp/full", "/tmp/full/sub", now=NOW)),
        (errno.EISDIR, lambda f: f.rename("/tmp/file", "/tmp/dir", now=NOW)),
        (errno.ENOTDIR, lambda f: f.rename("/tmp/dir", "/tmp/file", now=NOW)),
        (errno.ELOOP, lambda f: f.read("/tmp/loop")),
        (errno.ENAMETOOLONG, lambda f: f.write("/tmp/" + "n" * 256, b"", now=NOW)),
        (errno.ENAMETOOLONG, lambda f: f.read("/x" * 2100)),
        (errno.EINVAL, lambda f: f.truncate("/tmp/file", -1, now=NOW)),
        (errno.EACCES, lambda f: f.read("/root/secret", uid=1000)),
        (errno.EACCES, lambda f: f.write("/root/x", b"", now=NOW, uid=1000)),
        (errno.EACCES, lambda f: f.write("/x", b"", now=NOW, uid=1000)),
        (errno.EPERM, lambda f: f.remove("/tmp/file", now=NOW, uid=1000)),
        (errno.EPERM, lambda f: f.chmod("/tmp/file", 0o777, now=NOW, uid=1000)),
        (errno.EPERM, lambda f: f.chown("/tmp/mine", 0, 0, now=NOW, uid=1000)),
    ],
)
def test_errors_are_those_of_the_real_system(expected, call):
    files = empty()
    files.write("/tmp/file", b"x", now=NOW)
    files.write("/tmp/mine", b"x", now=NOW, uid=1000, gid=1000)
    files.write("/root/secret", b"x", now=NOW)
    files.mkdir("/tmp/dir", now=NOW)
    files.mkdir("/tmp/full", now=NOW)
    files.write("/tmp/full/x", b"", now=NOW)
    files.symlink("/tmp/loop", "/tmp/loop", now=NOW)

    assert expected == code_of(lambda: call(files))


def test_links_are_followed_and_counted():
    files = empty()
    files.mkdir("/tmp/d", now=NOW)
    files.symlink("d", "/tmp/l", now=NOW)
    files.write("/tmp/l/f", b"x", now=NOW)

    assert files.read("/tmp/d/f") == b"x"
    assert files.real("/tmp/l/f") == "/tmp/d/f"
    assert stat.S_ISLNK(files.stat("/tmp/l", follow=False).mode)
    assert files.stat("/tmp").links == 3
    assert files.resolve("../x/./y//z", cwd="/tmp/d") == "/tmp/x/y/z"


def test_a_dangling_link_is_written_through():
    files = empty()
    files.symlink("/tmp/new", "/tmp/l", now=NOW)
    files.write("/tmp/l", b"x", now=NOW)

    assert files.read("/tmp/new") == b"x"


def test_owner_group_and_others_have_their_own_rights():
    files = empty()
    files.write("/tmp/f", b"x", now=NOW, uid=0, gid=27, mode=0o640)

    assert files.read("/tmp/f", uid=1000) == b"x"
    files.chmod("/tmp/f", 0o600, now=NOW)
    assert code_of(lambda: files.read("/tmp/f", uid=1000)) == errno.EACCES


def test_caps_end_as_a_full_disk():
    files = empty(Caps(total_bytes=100, file_bytes=60, nodes=3))
    files.write("/tmp/a", b"x" * 60, now=NOW)

    assert code_of(lambda: files.write("/tmp/a", b"x", now=NOW, append=True)) == errno.EDQUOT
    assert code_of(lambda: files.write("/tmp/b", b"x" * 50, now=NOW)) == errno.ENOSPC
    files.remove("/tmp/a", now=NOW)
    files.write("/tmp/b", b"x" * 50, now=NOW)
    files.mkdir("/tmp/c", now=NOW)
    files.symlink("x", "/tmp/d", now=NOW)
    assert code_of(lambda: files.mkdir("/tmp/e", now=NOW)) == errno.ENOSPC
    assert files.used == (51, 3)


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


def furnished() -> Node:
    """Return a base with something in it."""
    root, a = directory(0o755, 0.0), directory(0o755, 0.0)
    b = directory(0o755, 0.0)
    b.children = {"c": file(b"base c", 0o644, 0.0)}
    a.children = {"a": file(b"base a", 0o644, 0.0), "b": b}
    root.children = {"a": a, "b": file(lambda: b"made when read", 0o644, 0.0, size=14)}
    for number, node in enumerate((root, a, b)):
        node.inode = 2 + number
    return root


class FilesAgainstDict(RuleBasedStateMachine):
    """The tree against the dumbest model: a dict from path to content, ``None`` for a directory."""

    def __init__(self) -> None:
        super().__init__()
        self.store = ListStore()
        self.files = tree_of(furnished(), store=self.store).view(NOBODY)
        self.model: dict[str, bytes | None] = {
            "/": None,
            "/a": None,
            "/a/a": b"base a",
            "/a/b": None,
            "/a/b/c": b"base c",
            "/b": b"made when read",
        }

    @rule()
    def flush(self):
        self.store.flush()

    @rule()
    def restart(self):
        before, used = self.stats(), self.files.used
        self.files = tree_of(furnished(), store=self.store).view(NOBODY)

        assert before == self.stats()
        assert used == self.files.used

    def stats(self) -> dict[str, Stat]:
        return {path: self.files.stat(path, follow=False) for path in self.model}

    @rule(path=PATHS, mode=st.sampled_from([0o600, 0o755, 0o4711]), when=st.sampled_from([5.0, 6.0]))
    def change_attributes(self, path, mode, when):
        expected = self.parent(path) or (errno.ENOENT if path not in self.model else 0)

        assert expected == code_of(lambda: self.files.chmod(path, mode, now=when))
        assert expected == code_of(lambda: self.files.touch(path, now=when, accessed=when, modified=None))
        if not expected:
            assert (mode, when) == (self.files.stat(path).mode & 0o7777, self.files.stat(path).accessed)

    def parent(self, path: str) -> int:
        """Return the error the way to a path ends in, 0 if it is a directory."""
        parts = path.strip("/").split("/")[:-1]
        here = ""
        for part in parts:
            here += f"/{part}"
            if here not in self.model:
                return errno.ENOENT
            if self.model[here] is not None:
                return errno.ENOTDIR
        return 0

    def children(self, path: str) -> list[str]:
        head = path.rstrip("/") + "/"
        return [name for name in self.model if name != path and name.startswith(head)]

    @rule(path=PATHS, data=st.binary(max_size=8), append=st.booleans())
    def write(self, path, data, append):
        expected = self.parent(path) or (errno.EISDIR if path in self.model and self.model[path] is None else 0)

        assert expected == code_of(lambda: self.files.write(path, data, now=NOW, append=append))
        if not expected:
            self.model[path] = ((self.model.get(path) or b"") if append else b"") + data

    @rule(path=PATHS)
    def mkdir(self, path):
        expected = self.parent(path) or (errno.EEXIST if path in self.model else 0)

        assert expected == code_of(lambda: self.files.mkdir(path, now=NOW))
        if not expected:
            self.model[path] = None

    @rule(path=PATHS)
    def remove(self, path):
        missing = errno.ENOENT if path not in self.model else errno.EISDIR if self.model[path] is None else 0
        expected = self.parent(path) or missing

        assert expected == code_of(lambda: self.files.remove(path, now=NOW))
        if not expected:
            del self.model[path]

    @rule(path=PATHS)
    def rmdir(self, path):
        if path not in self.model:
            wrong = errno.ENOENT
        elif self.model[path] is not None:
            wrong = errno.ENOTDIR
        else:
            wrong = errno.ENOTEMPTY if self.children(path) else 0
        expected = self.parent(path) or wrong

        assert expected == code_of(lambda: self.files.rmdir(path, now=NOW))
        if not expected:
            del self.model[path]

    @rule(path=PATHS, size=st.integers(0, 12))
    def truncate(self, path, size):
        missing = errno.ENOENT if path not in self.model else errno.EISDIR if self.model[path] is None else 0
        expected = self.parent(path) or missing

        assert expected == code_of(lambda: self.files.truncate(path, size, now=NOW))
        if not expected:
            self.model[path] = (self.model[path] or b"")[:size].ljust(size, b"\0")

    @rule(old=PATHS, new=PATHS)
    def rename(self, old, new):
        before = dict(self.model)
        failed = code_of(lambda: self.files.rename(old, new, now=NOW))
        if failed:
            assert before == self.model
            return
        moved = {name: self.model.pop(name) for name in [old, *self.children(old)]}
        self.model.pop(new, None)
        self.model.update({new + name[len(old) :]: value for name, value in moved.items()})

    @invariant()
    def same_tree(self):
        seen: dict[str, bytes | None] = {"/": None}
        stack = ["/"]
        while stack:
            path = stack.pop()
            names = self.files.list(path)
            for name in names:
                child = f"{path.rstrip('/')}/{name}"
                is_dir = stat.S_ISDIR(self.files.stat(child).mode)
                seen[child] = None if is_dir else self.files.read(child)
                if is_dir:
                    stack.append(child)

        assert self.model == seen
        for path in (path for path, data in seen.items() if data is None):
            below = [name for name in self.children(path) if name.count("/") == (path.rstrip("/") + "/").count("/")]
            assert 2 + sum(seen[name] is None for name in below) == self.files.stat(path).links


TestFilesAgainstDict = FilesAgainstDict.TestCase
TestFilesAgainstDict.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize(
    ("expected", "call"),
    [
        (errno.EBUSY, lambda f: f.rename("/", "/tmp/x", now=NOW)),
        (errno.EBUSY, lambda f: f.rmdir("/", now=NOW)),
        (errno.EBUSY, lambda f: f.rename("/proc", "/tmp/x", now=NOW)),
        (errno.EPERM, lambda f: f.remove("/proc/1", now=NOW)),
        (errno.ENOENT, lambda f: f.write("/proc/new", b"", now=NOW)),
        (errno.ENOTDIR, lambda f: f.rename("/tmp/file", "/tmp/new/", now=NOW)),
        (errno.ENOTDIR, lambda f: f.remove("/tmp/file/", now=NOW)),
        (errno.EISDIR, lambda f: f.write("/tmp/new/", b"", now=NOW)),
        (errno.ENOENT, lambda f: f.symlink("x", "/tmp/new/", now=NOW)),
        (errno.ENOENT, lambda f: f.symlink("", "/tmp/new", now=NOW)),
        (errno.EINVAL, lambda f: f.rmdir("/tmp/dir/.", now=NOW)),
        (errno.ENOTDIR, lambda f: f.stat("/tmp/file/..")),
        (errno.EACCES, lambda f: f.rename("/tmp/dir", "/home/dir", now=NOW, uid=1000)),  # its ".." would change
        (errno.EPERM, lambda f: f.rename("/tmp/file", "/home/file", now=NOW, uid=1000)),
        (errno.EACCES, lambda f: f.touch("/tmp/file", now=NOW, accessed=1.0, modified=1.0, uid=1000)),
        (errno.EPERM, lambda f: f.chown("/home/mine", -1, 1001, now=NOW, uid=1000)),
        (0, lambda f: f.chown("/home/mine", -1, 27, now=NOW, uid=1000)),
        (0, lambda f: f.rename("/tmp/dir", "/tmp/empty", now=NOW)),
        (0, lambda f: f.write("/proc/1", b"x", now=NOW)),
    ],
)
def test_the_finer_rules_are_those_of_the_real_system(expected, call):
    root, proc = directory(0o755, 0.0), directory(0o555, 0.0)
    one = file(b"1", 0o644, 0.0)
    proc.children = {"1": one}
    proc.virtual = one.virtual = True
    home = directory(0o755, 0.0, uid=1000, gid=1000)
    root.children = {"proc": proc, "tmp": directory(0o1777, 0.0), "home": home}
    files = tree_of(root).view(NOBODY)
    files.write("/tmp/file", b"x", now=NOW)
    files.write("/home/mine", b"x", now=NOW, uid=1000, gid=1000)
    files.mkdir("/tmp/dir", now=NOW, uid=1000, gid=1000)
    files.chmod("/tmp/dir", 0o555, now=NOW)
    files.mkdir("/tmp/empty", now=NOW)

    assert expected == code_of(lambda: call(files))


def test_set_id_bits_go_with_a_write_and_directories_hand_their_group_on():
    files = empty()
    files.write("/tmp/f", b"x", now=NOW, uid=1000, gid=1000)
    files.chmod("/tmp/f", 0o6755, now=NOW)
    files.write("/tmp/f", b"y", now=NOW, uid=1000)
    files.mkdir("/tmp/d", now=NOW, mode=0o2777, gid=27)
    files.mkdir("/tmp/d/e", now=NOW, uid=1000, gid=1000)
    files.write("/tmp/d/e/f", b"", now=NOW, uid=1000, gid=1000)

    assert 0o755 == files.stat("/tmp/f").mode & 0o7777
    assert (27, 0o2755) == (files.stat("/tmp/d/e").gid, files.stat("/tmp/d/e").mode & 0o7777)
    assert 27 == files.stat("/tmp/d/e/f").gid


def test_times_of_a_file_and_its_directory_follow_what_is_done():
    files = empty()
    files.write("/tmp/f", b"x", now=10.0)
    files.chmod("/tmp/f", 0o600, now=20.0)
    files.write("/tmp/f", b"y", now=30.0, append=True)
    found, folder = files.stat("/tmp/f"), files.stat("/tmp")

    assert (10.0, 30.0, 30.0) == (found.accessed, found.modified, found.changed)
    assert 10.0 == folder.modified
    files.rename("/tmp/f", "/root/f", now=40.0)
    assert (40.0, 40.0) == (files.stat("/tmp").modified, files.stat("/root").modified)
    assert (30.0, 40.0) == (files.stat("/root/f").modified, files.stat("/root/f").changed)
