"""What others know of an address: countries, networks, names, intelligence."""
