"""This module says what is recorded of an SSH client's key exchange offer."""

from decnet_actors.domain.facts import SshClientSeen
from decnet_actors.domain.text import escaped
from decnet_actors.wire.ssh_kex import Offer, hassh, hassh_text

MAX_LIST = 4096  # characters kept of the hashed lists; the longest known client sends about 1,500


def client_seen(version: bytes, offer: Offer) -> SshClientSeen:
    """Return the fact for a client's identification line and offer."""
    return SshClientSeen(version=escaped(version), hassh=hassh(offer), algorithms=escaped(hassh_text(offer), MAX_LIST))
