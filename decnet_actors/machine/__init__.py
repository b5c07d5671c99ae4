"""The machine behind a decoy: persona, filesystem, shell."""
