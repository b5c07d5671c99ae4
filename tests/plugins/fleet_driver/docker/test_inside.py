"""Tests of files and programs inside real containers."""

import asyncio
import contextlib
import errno
from pathlib import Path

import pytest
from attrs import evolve

from decnet_actors.contracts.fleet_driver import Wanted
from decnet_actors.contracts.inside import Command
from decnet_actors.contracts.machine import Pty
from plugins.fleet_driver.docker.driver import DockerDriver
from plugins.fleet_driver.docker.inside import MAX_PLANTED
from tests.plugins.fleet_driver.docker.conftest import WITHIN, said

pytestmark = pytest.mark.server
WEB = "web-01"
TIME = 1_700_000_000.0


@pytest.fixture
async def driver(config):
    """A driver with one decky whose files can be changed; all tests here have the same."""
    made = DockerDriver(evolve(config, installation="inside", read_only=False))
    try:
        await made.open()
        await made.create(Wanted(decky=WEB, index=0, address="10.99.6.3"))
        yield made
    finally:
        await made.aclose()


async def until(program, text):
    """Read until a program has printed a text."""
    found = b""
    async with asyncio.timeout(WITHIN):
        while text not in found:
            output = await program.read()
            assert output is not None, found
            found += output.data
    return found


async def rest(program):
    found = []
    async with asyncio.timeout(WITHIN):
        while (output := await program.read()) is not None:
            found.append(output)
    return found


# Files.


async def test_what_is_planted_is_there_for_a_visitor_and_for_us(driver):
    await driver.inside.plant(WEB, "/root/notes.txt", b"the key is under the mat\n", mode=0o600, modified=TIME)

    assert "the key is under the mat\n" == await said(driver, WEB, "cat", "/root/notes.txt")
    listed = await said(driver, WEB, "ls", "-l", "--full-time", "/root/notes.txt")
    assert ["-rw-------", "1", "root", "0", "25", "2023-11-14", "22:13:20"] == listed.split()[:7]
    assert b"the key is under the mat\n" == await driver.inside.read(WEB, "/root/notes.txt", limit=100)


async def test_what_is_planted_again_is_replaced(driver):
    for text in (b"a longer first text", b"second"):
        await driver.inside.plant(WEB, "/etc/motd", text, mode=0o644, modified=TIME)

    assert await driver.inside.read(WEB, "/etc/motd", limit=100) == b"second"


async def test_what_a_visitor_wrote_is_read(driver):
    await said(driver, WEB, "sh", "-c", "echo dropped > /root/payload")

    assert await driver.inside.read(WEB, "/root/payload", limit=8) == b"dropped\n"


@pytest.mark.parametrize(
    ("path", "limit", "number"),
    [
        ("/root/none", 10, errno.ENOENT),
        ("/none/none", 10, errno.ENOENT),
        ("/root", 10, errno.EINVAL),
        ("/bin/sh", 10, errno.EINVAL),  # a link
        ("/etc/passwd", 59, errno.EFBIG),
        ("/bin/busybox", 1000, errno.EFBIG),
    ],
)
async def test_what_cannot_be_read_is_told_with_its_decky(driver, path, limit, number):
    with pytest.raises(OSError, match=f"web-01: {path}") as caught:
        await driver.inside.read(WEB, path, limit=limit)

    assert number == caught.value.errno


async def test_a_file_of_just_the_limit_is_read(driver):
    assert len(await driver.inside.read(WEB, "/etc/passwd", limit=60)) == 60


@pytest.mark.parametrize("path", ["notes.txt", "/root/", "/", "/root/..", "/root/a\0b", "/" + 4096 * "a"])
async def test_a_path_that_is_none_is_refused(driver, path):
    with pytest.raises(ValueError, match="is not the absolute path of a file"):
        await driver.inside.plant(WEB, path, b"", mode=0o644, modified=TIME)


async def test_a_link_leads_nowhere_but_within_the_container(driver, tmp_path):
    await said(driver, WEB, "ln", "-s", str(tmp_path), "/root/out")
    with contextlib.suppress(OSError):  # the folder is not in the container
        await driver.inside.plant(WEB, "/root/out/file", b"x", mode=0o644, modified=TIME)

    assert list(tmp_path.iterdir()) == []


async def test_too_large_a_file_is_not_planted(driver):
    with pytest.raises(OSError, match="web-01: /root/big would have"):
        await driver.inside.plant(WEB, "/root/big", bytes(MAX_PLANTED + 1), mode=0o644, modified=TIME)


async def test_nothing_is_planted_where_nothing_can_be_written(config):
    driver = DockerDriver(config)
    try:
        await driver.create(Wanted(decky=WEB, index=0))
        with pytest.raises(OSError, match="web-01: /root/x") as caught:
            await driver.inside.plant(WEB, "/root/x", b"", mode=0o644, modified=TIME)
    finally:
        await driver.aclose()

    assert caught.value.errno == errno.EROFS


async def test_a_decky_that_is_not_there_has_no_files(driver):
    with pytest.raises(FileNotFoundError, match="db-01 has no container"):
        await driver.inside.read("db-01", "/etc/passwd", limit=100)


# Programs.


async def test_a_shell_on_a_terminal_is_interactive_and_knows_its_size(driver):
    async with driver.inside.run(WEB, Command(words=("sh",), pty=Pty(term="vt220", columns=91, rows=17))) as shell:
        await until(shell, b"# ")
        await shell.write(b"stty size; echo $TERM; tty\r")
        assert b"17 91\r\nvt220\r\n/dev/pts/0\r\n" in await until(shell, b"pts/0\r\n")
        await shell.resize(Pty(columns=100, rows=30))
        await shell.write(b"stty size\r")
        assert b"30 100\r\n" in await until(shell, b"30 100\r\n")
        await shell.write(b"exit 7\r")
        await rest(shell)
        assert await shell.status() == 7


async def test_errors_are_told_from_output_without_a_terminal(driver):
    async with driver.inside.run(WEB, Command(words=("sh", "-c", "echo out; echo err >&2"))) as program:
        outputs = await rest(program)

    assert {(b"out\n", False), (b"err\n", True)} == {(one.data, one.is_error) for one in outputs}


async def test_a_program_runs_as_the_user_who_logged_in(driver):
    async with driver.inside.run(WEB, Command(words=("id",), user="deploy")) as program:
        (output,) = await rest(program)

    assert output.data.startswith(b"uid=1000(deploy)")


async def test_a_program_that_is_left_is_killed_with_its_terminal(driver):
    async with driver.inside.run(WEB, Command(words=("sh",), pty=Pty())) as shell:
        await shell.write(b"trap '' TERM INT; while :; do sleep 1234; done\r")
        while "sleep 1234" not in await said(driver, WEB, "ps"):
            pass

    async with asyncio.timeout(WITHIN):
        while "sleep 1234" in await said(driver, WEB, "ps"):
            pass


async def test_what_a_visitor_left_running_ends_without_a_trace(driver):
    await said(driver, WEB, "sh", "-c", "(sleep 0.1 &) ; (sleep 0.1 &)")

    async with asyncio.timeout(WITHIN):  # else each would keep its number, until there are no more to be had
        while "sleep]" in (listed := await said(driver, WEB, "ps")) or "sleep 0.1" in listed:
            pass


async def test_a_program_that_prints_without_end_waits_for_its_reader(driver):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    async with driver.inside.run(WEB, Command(words=("sh", "-c", "while :; do cat /bin/busybox; done"))) as program:
        before = resident()
        for _ in range(20):
            assert await program.read() is not None
            assert "" == await said(driver, WEB, "true")  # meanwhile the loop turns, and whatever comes is taken
        assert resident() - before < 8 * 1024 * 1024


async def test_a_program_that_is_not_there_says_so(driver):
    async with driver.inside.run(WEB, Command(words=("no-such-program",))) as program:
        said_so = b"".join(one.data for one in await rest(program))

        assert b"no-such-program" in said_so
        assert await program.status() in {126, 127}
