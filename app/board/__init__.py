"""The bed board of a house, on a phone."""
