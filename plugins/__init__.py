"""Everything that is chosen by name at run time."""
