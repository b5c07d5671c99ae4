"""What this machine's kernel does for those who ask it directly, where no library of Python speaks to it."""
