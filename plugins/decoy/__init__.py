"""Decoy services."""
