"""The snapshot, ranking runs and stays."""
