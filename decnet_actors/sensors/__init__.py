"""Sensors: what is seen on the wire beside what the decoys see."""
