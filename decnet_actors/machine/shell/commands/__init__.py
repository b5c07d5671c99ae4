"""The commands, one module a family; each exports its table."""
