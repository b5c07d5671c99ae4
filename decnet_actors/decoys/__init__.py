"""Hosts decoy services: sockets, limits, identity, sessions."""
