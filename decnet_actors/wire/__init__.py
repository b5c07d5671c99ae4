"""Protocol codecs, bytes to events and back: pure."""
