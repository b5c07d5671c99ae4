"""Fetches what attackers asked decoys to fetch, if the operator wants that, into quarantine."""
