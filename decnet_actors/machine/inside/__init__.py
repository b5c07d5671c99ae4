"""The machine behind a decoy where there is a real one: its programs are run and what they do is recorded."""
