"""Ports between features, one per plugin kind, and the operations registry."""
