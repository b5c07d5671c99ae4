"""This module starts private PostgreSQL and MariaDB servers for the contract suite."""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

PG_FOLDERS = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")
START_TIMEOUT = 60  # seconds


class ServerFailedError(RuntimeError):
    """The server ended before it was ready; its last lines are the argument."""


def find_program(name: str) -> str:
    found = shutil.which(name, path=os.pathsep.join((*PG_FOLDERS, os.environ.get("PATH", ""), "/usr/sbin")))
    if found is None:
        pytest.skip(f"no {name} on this host")
    return found


def unprivileged(user: str) -> str | None:
    """Return the user to run a server as: these servers refuse to run as root, and nobody else may switch."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(user)
    except KeyError:
        pytest.skip(f"no user {user} on this host")
    return user


@contextmanager
def private_folder(user: str | None) -> Iterator[Path]:
    # not pytest's tmp_path: its parents are closed to other users, and a socket's path must stay short
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(command: Sequence[str], ready: str, *, user: str | None, cwd: Path) -> Iterator[None]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, user=user, cwd=cwd)
    watchdog = threading.Timer(START_TIMEOUT, process.kill)
    watchdog.start()
    lines: list[bytes] = []
    assert process.stderr is not None
    try:
        for line in process.stderr:
            lines.append(line)
            if ready.encode() in line:
                break
        else:
            raise ServerFailedError(b"".join(lines[-10:]).decode())
        watchdog.cancel()
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield
    finally:
        watchdog.cancel()
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server, ending where a database's name goes."""
    initdb, server = find_program("initdb"), find_program("postgres")
    user = unprivileged("postgres")
    with private_folder(user) as folder:
        data = folder / "data"
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        command = [server, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        with running(command, "ready to accept connections", user=user, cwd=folder):
            yield f"postgresql://postgres@/{{}}?host={folder}"


@contextmanager
def mariadb() -> Iterator[str]:
    """Yield the URL of a MariaDB server, with {} where a database's name goes."""
    install, server = find_program("mariadb-install-db"), find_program("mariadbd")
    user = unprivileged("mysql")
    with private_folder(user) as folder:
        data, socket = folder / "data", folder / "s"
        subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        command = [
            server,
            "--no-defaults",
            f"--datadir={data}",
            f"--socket={socket}",
            f"--pid-file={folder / 'pid'}",
            "--skip-networking",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
        ]
        with running(command, "ready for connections", user=user, cwd=folder):
            yield f"mysql://root@localhost/{{}}?unix_socket={socket}"
