"""Techniques: which of MITRE ATT&CK's techniques the facts show, by rules in files."""
