"""This module defines the errors of the namespace driver's helper.

RefusedError
    OSError: what is asked for is outside of what the helper permits, or no request at all
"""


class RefusedError(OSError):
    """The helper will not do this, whoever asks; its one argument is a sentence."""
