"""This module defines what can go wrong with a fetch.

FetchError (OSError)
  RefusedError  we will not: an address, port or scheme that is not allowed, too many redirects
"""


class FetchError(OSError):
    """Nothing was fetched; the reason, in words of ours, is its first argument."""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.args[0])


class RefusedError(FetchError):
    """We do not go there."""
