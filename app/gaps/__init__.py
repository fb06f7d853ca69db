"""What could not be had: gaps on record, and calls that were answered with no."""
