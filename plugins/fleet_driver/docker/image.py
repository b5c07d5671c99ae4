"""This module reads what an image is installed with: its accounts and which system it says it is. Pure."""

import re
import shlex
from collections.abc import Iterator

from decnet_actors.contracts.inside import System
from decnet_actors.domain.persona import Account

MAX_FILE = 64 * 1024  # bytes of /etc/passwd or os-release
PASSWD = "/etc/passwd"  # noqa: S105  a path, not a secret
RELEASES = ("/usr/lib/os-release", "/etc/os-release")  # the second is a link to the first on most systems
_ACCOUNT = re.compile(
    r"(?P<name>[a-z_][a-z0-9_.-]{0,31}):[^:]*:(?P<uid>\d{1,9}):(?P<gid>\d{1,9}):(?P<rest>[^:]*:/[^:]*:[^:]*)"
)
_SHELL = "/bin/sh"  # of an account that names none, passwd(5)


def system_of(passwd: bytes, release: bytes, kernel: tuple[str, str, str]) -> System:
    """Return what the texts of both files say.

    Args:
        passwd: of passwd(5); lines that are no account are left out.
        release: of os-release(5); empty if the image has none.
        kernel: release, version and machine, as uname(2) tells them.

    """
    told = dict(_variables(release.decode("utf-8", "replace")))
    return System(
        distribution=told.get("ID", ""),
        release=told.get("VERSION_ID", ""),
        name=told.get("PRETTY_NAME", ""),
        kernel=kernel[0],
        kernel_build=kernel[1],
        architecture=kernel[2],
        accounts=tuple(_accounts(passwd.decode("utf-8", "replace"))),
    )


def _accounts(text: str) -> Iterator[Account]:
    for line in text.splitlines():
        if found := _ACCOUNT.fullmatch(line):
            comment, home, shell = found["rest"].split(":")
            yield Account(
                name=found["name"],
                uid=int(found["uid"]),
                gid=int(found["gid"]),
                home=home,
                shell=shell or _SHELL,
                comment=comment,
            )


def _variables(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            try:
                yield name.strip(), "".join(shlex.split(value))
            except ValueError:  # quotes that do not end
                yield name.strip(), value
