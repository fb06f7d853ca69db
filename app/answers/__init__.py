"""Answers of the engine: as they were stored, and as they are told in words."""
