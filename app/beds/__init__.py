"""Bed status, confirmation, and who the house says lives there."""
