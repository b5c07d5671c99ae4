"""What is known of an address offline: country, network; and its name, if the operator wants that asked."""
