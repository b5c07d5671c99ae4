"""This package sets up a host for the daemon, records what it made, and undoes exactly that."""
