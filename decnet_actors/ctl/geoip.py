"""This module says how long a refresh of address data is waited for: downloads, and making an index."""

from decnet_actors.ctl.commands import View

REFRESH = View(patience=1800.0)
