"""Checks any plugin author can call, one a plugin kind."""
