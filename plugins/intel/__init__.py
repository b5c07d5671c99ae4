"""Who knows something of addresses."""
