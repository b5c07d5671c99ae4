"""The generated base tree of a machine: what a real install of its release holds."""
