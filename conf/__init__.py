"""This package is the files an installation gets: the commented configuration, systemd units and their like."""
