"""The honeypot domain and its workers."""
