"""Bednight's service: it asks, remembers and shows. What is decided is decided in `matching`."""
