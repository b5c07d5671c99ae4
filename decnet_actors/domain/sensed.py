"""This module defines the facts of sensors: what was seen on the wire beside what the decoys saw.

Their records name the peer as source and, where it is known, the decky; rules for new ones are those of ``facts``.
"""
