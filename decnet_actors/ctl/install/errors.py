"""This module defines what stops the set-up of a host.

InstallError
    ToolError       a program of the system failed, or is not there
    ManifestError   the record of what was made cannot be read
    ConflictError   something is in the way that only the operator can judge
"""

from collections.abc import Sequence


class InstallError(Exception):
    """A step cannot be done.

    Args:
        text: what is wrong.
        fix: commands that would help.

    """

    def __init__(self, text: str, *, fix: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.fix = tuple(fix)


class ToolError(InstallError):
    """A program of the system failed, or is not there."""


class ManifestError(InstallError):
    """The record of what was made cannot be read."""


class ConflictError(InstallError):
    """Something is in the way that only the operator can judge."""
