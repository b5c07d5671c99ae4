"""Whose changes are where: layers, quotas, restarts and putting things back."""

import errno
import gc
import tracemalloc

import pytest

from decnet_actors.contracts.decky_files import Author, Hand, Isolation
from decnet_actors.machine import decky_tree
from decnet_actors.machine.node import Node, directory, file
from decnet_actors.machine.quota import Caps
from tests.decnet_actors.machine.trees import ListStore, tree_of

NOW = 1000.0
ALICE = Author(hand=Hand.ATTACKER, source="192.0.2.1", session="a1")
BOB = Author(hand=Hand.ATTACKER, source="192.0.2.2", session="b1")
PLANT = Author(hand=Hand.PLANTING, name="admin")
LIFE = Author(hand=Hand.LIFE, name="ops")


def base() -> Node:
    root, tmp, etc, old = (directory(mode, 0.0) for mode in (0o755, 0o1777, 0o755, 0o755))
    old.children = {"deep": file(b"deep", 0o644, 0.0)}
    etc.children = {"passwd": file(b"root", 0o644, 0.0), "old": old}
    root.children = {"tmp": tmp, "etc": etc}
    return root


def code_of(call) -> int:
    try:
        call()
    except OSError as error:
        return error.errno or -1
    return 0


def test_everybody_sees_the_same_tree_unless_attackers_are_isolated():
    tree = tree_of(base())
    tree.view(ALICE).write("/tmp/a", b"x", now=NOW)

    assert b"x" == tree.view(BOB).read("/tmp/a")


def test_isolated_by_source_attackers_see_base_plants_life_and_their_own():
    store = ListStore()
    tree = tree_of(base(), isolation=Isolation.SOURCE, store=store)
    tree.view(ALICE).write("/tmp/a", b"alice", now=NOW)
    tree.view(ALICE).remove("/etc/passwd", now=NOW)
    tree.view(PLANT).write("/tmp/token", b"planted", now=NOW)
    tree.view(LIFE).write("/etc/motd", b"lived", now=NOW)

    for seen in (tree, tree_of(base(), isolation=Isolation.SOURCE, store=store)):
        assert ["a", "token"] == seen.view(ALICE).list("/tmp")
        assert ["token"] == seen.view(BOB).list("/tmp")
        assert ["motd", "old"] == seen.view(ALICE).list("/etc")
        assert ["motd", "old", "passwd"] == seen.view(BOB).list("/etc")
        assert b"planted" == seen.view(BOB).read("/tmp/token")


def test_isolated_by_session_changes_end_with_the_session():
    store = ListStore()
    tree = tree_of(base(), isolation=Isolation.SESSION, store=store)
    first = tree.view(ALICE)
    first.write("/tmp/a", b"x" * 100, now=NOW)

    assert ["a"] == tree.view(ALICE).list("/tmp"), "another channel of the session sees it"
    assert [] == tree.view(Author(hand=Hand.ATTACKER, source="192.0.2.1", session="a2")).list("/tmp")
    store.flush()
    del first
    gc.collect()
    assert [] == tree.view(ALICE).list("/tmp")
    assert (0, 0) == tree.view(ALICE).used
    assert [] == tree_of(base(), isolation=Isolation.SESSION, store=store).view(ALICE).list("/tmp")
    assert "192.0.2.1" in {version.author.source for version in store.versions}, "what was done is kept all the same"


def test_a_directory_that_moves_takes_what_is_in_it_along_also_after_a_restart():
    store = ListStore()
    files = tree_of(base(), store=store).view(ALICE)
    files.write("/etc/old/mine", b"x", now=NOW)
    files.rename("/etc/old", "/tmp/new", now=NOW)
    store.flush()
    versions = len(store.versions)
    files = tree_of(base(), store=store).view(ALICE)

    assert ["deep", "mine"] == files.list("/tmp/new")
    assert b"deep" == files.read("/tmp/new/deep")
    assert ["passwd"] == files.list("/etc")
    assert versions == 4  # the file, the directory, and both it was in


def test_who_changed_what_is_told_apart():
    store = ListStore()
    tree = tree_of(base(), store=store)
    tree.view(ALICE).write("/tmp/f", b"1", now=NOW, mode=0o666)
    tree.view(ALICE).write("/tmp/f", b"2", now=NOW + 1, append=True)
    tree.view(BOB).write("/tmp/f", b"3", now=NOW + 2)
    store.flush()
    told = [(v.author, v.action, v.content, v.supersedes) for v in store.versions if v.path == "/tmp/f"]

    assert [(ALICE, "create", b"12", 0), (BOB, "write", b"3", told[1][3])] == told
    assert told[1][3] == next(v.number for v in store.versions if v.path == "/tmp/f")


def test_one_source_cannot_take_what_all_have():
    tree = tree_of(base(), caps=Caps(total_bytes=1000, source_bytes=400, source_nodes=10, nodes=100))
    alice = tree.view(ALICE)
    alice.write("/tmp/a", b"x" * 400, now=NOW)

    assert errno.EDQUOT == code_of(lambda: alice.write("/tmp/b", b"x", now=NOW))
    tree.view(BOB).write("/tmp/b", b"x" * 400, now=NOW)
    alice.write("/tmp/a", b"", now=NOW)
    for number in range(9):
        alice.write(f"/tmp/a{number}", b"", now=NOW)
    assert errno.EDQUOT == code_of(lambda: alice.mkdir("/tmp/more", now=NOW))


def test_addresses_of_one_ipv6_site_share_a_quota():
    tree = tree_of(base(), caps=Caps(source_bytes=10))
    tree.view(Author(hand=Hand.ATTACKER, source="2001:db8::1")).write("/tmp/a", b"x" * 10, now=NOW)
    other = tree.view(Author(hand=Hand.ATTACKER, source="2001:db8::2"))

    assert errno.EDQUOT == code_of(lambda: other.write("/tmp/b", b"x", now=NOW))


def test_looking_leaves_nothing_behind_and_few_of_many_attackers_are_remembered(monkeypatch):
    monkeypatch.setattr(decky_tree, "MAX_PRIVATE", 10)
    store = ListStore()
    tree = tree_of(base(), isolation=Isolation.SOURCE, store=store)
    for number in range(2 * decky_tree.LOOK):
        author = Author(hand=Hand.ATTACKER, source=f"198.51.100.{number}")
        tree.view(author).list("/tmp")
        if number >= decky_tree.LOOK:
            tree.view(author).write("/tmp/f", b"x", now=NOW + number)
    remembered = {version.layer for version in store.live().versions}

    assert 10 == len(remembered)
    assert f"source:198.51.100.{2 * decky_tree.LOOK - 1}" in remembered
    assert (10, 10) == tree.view(ALICE).used
    assert {"evict"} == {v.action for v in store.versions if not v.live and v.author.hand is Hand.MACHINE}


def test_a_full_decky_loses_what_other_attackers_left_longest_ago_but_no_plant():
    store = ListStore()
    tree = tree_of(base(), caps=Caps(total_bytes=1000, source_bytes=400), store=store)
    tree.view(PLANT).write("/tmp/token", b"x" * 200, now=NOW)
    for number in range(2):
        visitor = tree.view(Author(hand=Hand.ATTACKER, source=f"198.51.100.{number}"))
        visitor.write(f"/tmp/f{number}", b"x" * 400, now=NOW + number)
    tree.view(ALICE).write("/tmp/new", b"x" * 300, now=NOW + 9)

    assert ["f1", "new", "token"] == tree.view(ALICE).list("/tmp")
    store.flush()
    assert [("/tmp/f0", "evict")] == [(v.path, v.action) for v in store.versions if not v.live]


def test_what_is_written_to_is_not_removed_to_make_room_for_it():
    tree = tree_of(base(), caps=Caps(total_bytes=1000, source_bytes=5000))
    tree.view(BOB).write("/tmp/f", b"x" * 900, now=NOW, mode=0o666)
    tree.view(ALICE).write("/tmp/mine", b"x" * 50, now=NOW)

    assert errno.ENOSPC == code_of(lambda: tree.view(ALICE).write("/tmp/f", b"x" * 200, now=NOW, append=True))
    assert 900 == tree.view(ALICE).stat("/tmp/f").size


def test_a_full_disk_still_lets_files_be_removed():
    tree = tree_of(base(), caps=Caps(nodes=1))
    tree.view(ALICE).write("/tmp/f", b"x", now=NOW)
    tree.view(ALICE).remove("/etc/passwd", now=NOW)

    assert ["old"] == tree.view(ALICE).list("/etc")


def test_of_a_removed_directory_one_mark_stays():
    store = ListStore()
    tree = tree_of(base(), store=store)
    files = tree.view(ALICE)
    files.rename("/etc/old/deep", "/tmp/deep", now=NOW)
    files.remove("/etc/passwd", now=NOW)
    store.flush()
    files.rmdir("/etc/old", now=NOW)
    files.rmdir("/etc", now=NOW)
    live = store.live().versions

    assert {"/etc"} == {version.node for version in live if version.removed}
    for seen in (tree, tree_of(base(), store=store)):
        assert ["tmp"] == seen.view(BOB).list("/")
        assert b"deep" == seen.view(BOB).read("/tmp/deep")
    again = tree_of(base(), store=store)
    again.restore("/", PLANT, NOW)
    assert ["old", "passwd"] == again.view(BOB).list("/etc")
    assert b"deep" == again.view(BOB).read("/etc/old/deep")


@pytest.mark.parametrize("path", ["/", "/etc"])
def test_restoring_undoes_removals_moves_and_changes(path):
    store = ListStore()
    tree = tree_of(base(), store=store)
    alice = tree.view(ALICE)
    alice.write("/etc/passwd", b"hacked", now=NOW)
    alice.write("/etc/mine", b"x", now=NOW)
    alice.rename("/etc/old", "/tmp/old", now=NOW)
    alice.remove("/tmp/old/deep", now=NOW)
    undone = tree.restore(path, PLANT, NOW + 1)

    assert undone > 0
    for files in (tree.view(BOB), tree_of(base(), store=store).view(BOB)):
        assert ["old", "passwd"] == files.list("/etc")
        assert b"root" == files.read("/etc/passwd")
        assert b"deep" == files.read("/etc/old/deep")
        assert [] == files.list("/tmp")
    assert 0 == tree.restore(path, PLANT, NOW + 2)
    assert {"admin"} == {v.author.name for v in store.versions if v.action == "restore"}


def test_restoring_one_file_leaves_the_others():
    tree = tree_of(base())
    alice = tree.view(ALICE)
    alice.write("/etc/passwd", b"hacked", now=NOW)
    alice.write("/tmp/mine", b"x", now=NOW)
    tree.restore("/etc/passwd", PLANT, NOW)

    assert (b"root", b"x") == (alice.read("/etc/passwd"), alice.read("/tmp/mine"))


def test_a_growing_file_is_taken_when_it_rests():
    store = ListStore()
    files = tree_of(base(), store=store).view(ALICE)
    files.write("/tmp/log", b"x" * (2 << 20), now=NOW)
    (ledger,) = store.ledgers

    assert "/tmp/log" not in {v.path for v in ledger.take(everything=False)}
    files.write("/tmp/log", b"y", now=NOW, append=True)
    assert [] == list(ledger.take(everything=False))
    assert ["/tmp/log"] == [v.path for v in ledger.take(everything=False)]


def large() -> Node:
    """Return a base of 60,000 files, whose directories are made when they are looked at."""
    root = directory(0o755, 0.0)

    def many(_: Node) -> dict[str, Node]:
        return {f"file-{number:03d}": file(b"", 0o644, 0.0) for number in range(600)}

    root.children = {f"d{number:02d}": directory(0o755, 0.0) for number in range(100)}
    for child in root.children.values():
        child.fill = many
    return root


def test_opening_a_large_tree_costs_its_changes_alone():
    store = ListStore()
    shared = large()
    first = tree_of(shared, store=store)
    for number in range(500):
        author = Author(hand=Hand.ATTACKER, source=f"192.0.2.{number % 50}")
        first.view(author).write(f"/d{number % 100:02d}/new-{number}", b"x" * 100, now=NOW)
    stored = store.live()
    del first
    tracemalloc.start()
    try:
        again = tree_of(shared, store=store)
        again.view(ALICE).list("/d05")
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert len(stored.versions) == 600
    assert taken < 1 << 20
