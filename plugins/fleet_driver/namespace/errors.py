"""This module defines the errors of the namespace driver's helper.

RefusedError
    ValueError: what is asked for is outside of what the helper permits, or no request at all
"""


class RefusedError(ValueError):
    """The helper will not do this, whoever asks."""
