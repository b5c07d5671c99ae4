"""This module defines what can go wrong with data on addresses.

SourceError (ValueError)   a file is not what it should be
    DamagedError           it is the index, and it is not as it was written
DownloadError (OSError)    a file was not fetched
"""


class SourceError(ValueError):
    """A file of address data cannot be used; the reason, in words of ours, is its first argument."""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.args[0])


class DamagedError(SourceError):
    """The index is not as it was written, or of another version."""


class DownloadError(OSError):
    """Nothing was fetched; the reason, in words of ours, is its first argument."""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.args[0])
