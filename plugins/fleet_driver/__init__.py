"""Ways to put a decoy machine on a network."""
